import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { chartDigest, manifestVariants } from '../manifests/manifests.ts';
import { chartReadme, chartValues, valuesSchema, valuesTable } from './chart-docs.ts';

const chart = join(import.meta.dirname, 'lanner');
const read = (name: string): string => readFileSync(join(chart, name), 'utf8');
const values = chartValues(read('values.yaml'));

describe('the chart', () => {
  test('every value is described', () => {
    expect(values.length).toBeGreaterThan(80);
    expect(values.filter(({ description }) => description === '').map(({ key }) => key))
      .toEqual([]);
  });

  test('its table of values and its schema are those of values.yaml', () => {
    expect(read('README.md'), 'run npm run render')
      .toBe(chartReadme(read('README.md.gotmpl'), values));
    expect(JSON.parse(read('values.schema.json')), 'run npm run render')
      .toEqual(valuesSchema(values));
  });

  test('the plain manifests were rendered from the chart as it is', () => {
    const digest = chartDigest(chart);
    for (const { file } of manifestVariants) {
      const text = readFileSync(join(chart, '..', '..', 'manifests', file), 'utf8');
      expect(text, `${file}: run npm run render with helm`).toContain(`# chart sha256:${digest}\n`);
    }
  });

  test('a table keeps a pipe in a default from ending the cell', () => {
    const [value] = chartValues('# -- This | that.\nkey: a|b\n');
    expect(valuesTable([value!])).toContain('| `key` | `"a\\|b"` | This \\| that. |');
  });

  test('a comment that belongs to the value before is not taken for a description', () => {
    expect(chartValues('# -- One.\none: {}\n#  example: 1\n# -- Two.\ntwo: 2\n'))
      .toMatchObject([{ description: 'One.' }, { key: 'two', description: 'Two.' }]);
  });
});

type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
};
type Manifest = { readonly kind: string; readonly metadata: { readonly name: string } } & {
  readonly rules?: readonly Rule[];
  readonly spec?: Readonly<Record<string, unknown>>;
};

const manifestsIn = (path: string): readonly Manifest[] =>
  readFileSync(path, 'utf8').split(/^---$/m).map((text) => parse(text) as Manifest)
    .filter((manifest) => manifest !== null);

describe('the roles', () => {
  const rbac = join(chart, '..', '..', 'rbac');
  const rendered = manifestsIn(join(chart, '..', '..', 'manifests', 'lanner.yaml'));
  const named = (name: string, kind: string): Manifest | undefined =>
    rendered.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);

  test.each(['lanner-collector', 'lanner-collector-identity'])(
    'the chart gives %s what deploy/rbac gives it, which is checked against an API server',
    (name) => {
      const checked = manifestsIn(join(rbac, 'collector.yaml'))
        .find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === name);
      expect(named(name, 'ClusterRole')?.rules).toEqual(checked?.rules);
    },
  );

  test('the chart limits the collector as deploy/rbac does', () => {
    for (const checked of manifestsIn(join(rbac, 'collector-limits.yaml'))) {
      expect(named(checked.metadata.name, checked.kind)?.spec).toEqual(checked.spec);
    }
  });
});
