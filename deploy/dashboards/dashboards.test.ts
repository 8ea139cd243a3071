import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { agentMetrics, collectorMetrics, metricsPage, processMetrics } from '../metrics-page.ts';
import { dashboardFile, dashboardText, dashboards } from './dashboards.ts';

const folder = join(import.meta.dirname, '..', 'helm', 'lanner', 'files', 'dashboards');
const panels = dashboards.flatMap((dashboard) =>
  dashboard.rows.flatMap((row) => row.panels.map((panel) => ({ dashboard, panel }))));
const queries = panels.flatMap(({ dashboard, panel }) =>
  panel.queries.map((query) => ({ where: `${dashboard.uid}: ${panel.title}`, ...query })));

const metrics = [...agentMetrics(), ...collectorMetrics(), ...processMetrics()];
const series = new Map(metrics.flatMap(({ name, type, labels }) =>
  (type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])
    .map((one) => [one, new Set([...labels, 'cluster', 'node', 'instance', 'job', 'le'])])));

describe('the page of metrics', () => {
  test('is what the programs register', () => {
    expect(readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'metrics.md'), 'utf8'),
      'run npm run render').toBe(metricsPage());
  });

  test('each metric has a name of ours, a meaning, and the suffix of its type', () => {
    for (const { name, type, help } of [...agentMetrics(), ...collectorMetrics()]) {
      expect(name).toMatch(/^lanner_(agent|collector)_[a-z0-9_]+$/);
      expect(help.length, `${name}`).toBeGreaterThan(8);
      expect(name.endsWith('_total'), `${name}`).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
  });

  test('no label is a name that a workload chooses for itself', () => {
    const labels = new Set(metrics.flatMap((metric) => metric.labels));
    for (const forbidden of ['pod', 'container', 'node', 'pod_uid', 'command', 'ip', 'instance']) {
      expect(labels).not.toContain(forbidden);
    }
  });
});

describe('the dashboards', () => {
  test('in the chart are those that are described here, and no others', () => {
    expect(readdirSync(folder).toSorted()).toEqual(dashboards.map(dashboardFile).toSorted());
    for (const dashboard of dashboards) {
      const path = join(folder, dashboardFile(dashboard));
      expect(readFileSync(path, 'utf8'), 'run npm run render').toBe(dashboardText(dashboard));
    }
  });

  test('keep their uids: links and bookmarks hold them', () => {
    expect(dashboards.map(({ uid }) => uid))
      .toEqual(['lanner-soc', 'lanner-detection', 'lanner-fleet', 'lanner-response']);
  });

  test.each(panels.map(({ dashboard, panel }) => [dashboard.uid, panel.title, panel] as const))(
    '%s, %s: is explained, has a unit, a legend and fits',
    (_, __, panel) => {
      expect(panel.description).toMatch(/\w{3}.*[.:]$/s);
      expect(panel.unit).not.toBe('');
      expect(panel.width).toBeLessThanOrEqual(24);
      for (const { legend } of panel.queries) expect(legend).not.toBe('');
      const values = (panel.thresholds ?? []).map(([value]) => value);
      expect(values).toEqual(values.toSorted((a, b) => a - b));
    },
  );

  test('no two panels of a dashboard have one title', () => {
    for (const dashboard of dashboards) {
      const titles = dashboard.rows.flatMap((row) => row.panels.map(({ title }) => title));
      expect(new Set(titles).size).toBe(titles.length);
    }
  });

  test.each(queries.map(({ where, expr }) => [where, expr]))(
    '%s: asks for metrics that exist, of the chosen cluster, over no fixed short time',
    (_, expr) => {
      const named = [...expr.matchAll(/\b((?:lanner|process|nodejs)_[a-z0-9_]+)(\{[^}]*\})?/g)];
      expect(named.length).toBeGreaterThan(0);
      for (const [, name, selector] of named) {
        expect([...series.keys()]).toContain(name);
        // What only picks targets needs no cluster: the other side has it.
        if (!name?.endsWith('_build_info')) expect(selector).toContain('cluster=~"$cluster"');
        for (const [, label] of (selector ?? '').matchAll(/([a-z_]+)\s*=~?"/g)) {
          expect(series.get(name ?? '')).toContain(label);
        }
      }
      const windows = [...expr.matchAll(/\[([^\]]+)\]/g)].map(([, window]) => window);
      // An hour, for what happens a few times a day and would be empty in an interval.
      for (const window of windows) expect(['$__rate_interval', '$__range', '1h']).toContain(window);
      for (const [, name] of expr.matchAll(/(?:rate|increase)\(([a-z0-9_]+)/g)) {
        expect(name).toMatch(/_total$|_bucket$/);
      }
    },
  );

  test.each(queries.map(({ where, expr, legend }) => [where, expr, legend]))(
    '%s: its legend names labels that the query gives',
    (_, expr, legend) => {
      for (const [, label] of legend.matchAll(/\{\{(\w+)\}\}/g)) {
        const isGrouped = [...expr.matchAll(/by \(([^)]*)\)/g)]
          .some(([, by]) => by?.split(', ').includes(label ?? ''));
        expect(isGrouped || ['node', 'instance'].includes(label ?? ''), `${label}`).toBe(true);
      }
    },
  );
});
