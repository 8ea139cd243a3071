import { Registry } from 'prom-client';
import { expect, test } from 'vitest';

import { AlertMetrics, NAMESPACES_MAX } from './alert-metrics.ts';

const anAlert = (over: Partial<Parameters<AlertMetrics['count']>[0]> = {}) => ({
  id: 'a1',
  namespace: 'shop',
  severity: 'high' as const,
  image: { repository: 'docker.io/shop/web' },
  techniques: ['T1059'],
  behaviours: [{ channel: 'exec' as const }],
  ...over,
});

/** The third scrape: by then every series shows what was counted. */
async function shown(registry: Registry): Promise<string> {
  await registry.metrics();
  await registry.metrics();
  return registry.metrics();
}

test('a series is at zero for two scrapes, so that increase() sees its first alert', async () => {
  const registry = new Registry();
  new AlertMetrics(registry).count(anAlert());
  const series = 'lanner_collector_image_alerts_total{image="docker.io/shop/web"}';
  expect(await registry.metrics()).toContain(`${series} 0\n`);
  expect(await registry.metrics()).toContain(`${series} 0\n`);
  expect(await registry.metrics()).toContain(`${series} 1\n`);
});

test('revisions of an alert count for what is new in them alone', async () => {
  const registry = new Registry();
  const metrics = new AlertMetrics(registry);
  metrics.count(anAlert());
  metrics.count(anAlert({ severity: 'critical', techniques: ['T1059', 'T1611'] }));
  metrics.count(anAlert({ behaviours: [{ channel: 'exec' }, { channel: 'net' }] }));
  const text = await shown(registry);
  expect(text).toContain('namespace_alerts_total{namespace="shop",severity="high"} 1\n');
  expect(text).not.toContain('severity="critical"');
  expect(text).toContain('technique_alerts_total{technique="T1059"} 1\n');
  expect(text).toContain('technique_alerts_total{technique="T1611"} 1\n');
  expect(text).toContain('channel_alerts_total{channel="exec"} 1\n');
  expect(text).toContain('channel_alerts_total{channel="net"} 1\n');
});

test('an agent that invents namespaces fills the bound and no more', async () => {
  const registry = new Registry();
  const metrics = new AlertMetrics(registry);
  for (let n = 0; n < 2 * NAMESPACES_MAX; n += 1) {
    metrics.count(anAlert({ id: `a${n}`, namespace: `n${n}` }));
  }
  metrics.count(anAlert({ id: 'host', namespace: '', image: { repository: '' } }));
  const text = await shown(registry);
  expect(text.match(/namespace_alerts_total\{/g)?.length).toBe(NAMESPACES_MAX + 2);
  expect(text).toContain(`{namespace="_other",severity="high"} ${NAMESPACES_MAX}\n`);
  expect(text).toContain('{namespace="_none",severity="high"} 1\n');
});
