/**
 * `npm run render`: writes what is derived under deploy/, so that people without Node or Helm have
 * it: Falco's rules, the page of metrics, Grafana's dashboards, the chart's schema and table of
 * values, and the plain manifests (those need `helm`; without it they are left as they are, and the
 * exit status is 3).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

import { dashboardFile, dashboardText, dashboards } from './dashboards/dashboards.ts';
import { rulesFile, tiers } from './falco/telemetry.ts';
import { chartReadme, chartValues, valuesSchema } from './helm/chart-docs.ts';
import { chartDigest, manifestsFile, manifestVariants } from './manifests/manifests.ts';
import { metricsPage } from './metrics-page.ts';

const HELM_MISSING = 3;
const here = import.meta.dirname;
const chart = join(here, 'helm', 'lanner');

for (const tier of tiers) {
  writeFileSync(join(here, 'falco', `lanner-${tier}-rules.yaml`), rulesFile(tier));
}

writeFileSync(join(here, '..', 'docs', 'metrics.md'), metricsPage());
const dashboardFolder = join(chart, 'files', 'dashboards');
mkdirSync(dashboardFolder, { recursive: true });
for (const dashboard of dashboards) {
  writeFileSync(join(dashboardFolder, dashboardFile(dashboard)), dashboardText(dashboard));
}

const values = chartValues(readFileSync(join(chart, 'values.yaml'), 'utf8'));
const schema = `${JSON.stringify(valuesSchema(values), null, 2)}\n`;
writeFileSync(join(chart, 'values.schema.json'), schema);
const template = readFileSync(join(chart, 'README.md.gotmpl'), 'utf8');
writeFileSync(join(chart, 'README.md'), chartReadme(template, values));

const helm = process.env['HELM'] ?? 'helm';
if (spawnSync(helm, ['version']).status === 0) {
  const digest = chartDigest(chart);
  for (const variant of manifestVariants) {
    const rendered = execFileSync(helm, ['template', ...variant.arguments, 'lanner', chart], {
      encoding: 'utf8',
    });
    writeFileSync(join(here, 'manifests', variant.file), manifestsFile(variant, rendered, digest));
  }
} else {
  process.stderr.write('helm is missing: the plain manifests were not rendered. ' +
    'Get it, e.g. with: go install helm.sh/helm/v3/cmd/helm@v3.22.0\n');
  process.exitCode = HELM_MISSING;
}
