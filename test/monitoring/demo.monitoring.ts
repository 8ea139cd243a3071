import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Client } from '../../collector/cli/client.ts';
import { anOutput } from '../../collector/outputs/testing/stream.ts';
import { parseOptions } from '../../demo/options.ts';
import { startSession } from '../../demo/session.ts';
import type { Session } from '../../demo/session.ts';
import { dashboards } from '../../deploy/dashboards/dashboards.ts';
import { freePort, isInstalled } from '../outputs/program.ts';
import { Prometheus } from './prometheus.ts';

/**
 * The demo, its attacks among it, under a real Prometheus: each query of each dashboard is run as
 * Grafana would, and has to give numbers.
 */
const has = isInstalled('prometheus', 'apt-get install -y prometheus');
const root = join(import.meta.dirname, '..', '..');
const RULES = join(root, 'deploy', 'helm', 'lanner', 'files', 'alerts.yaml');

/** What a demo cannot have, by panel, and why. */
const WITHOUT: ReadonlyMap<string, string> = new Map([
  ['Link certificate', 'the demo links over loopback, without TLS'],
  ['From begin to effect', 'no cluster, so nothing is carried out'],
  ['Time of a freeze', 'no cluster, so nothing is frozen'],
]);

const asGrafana = (expr: string): string =>
  expr.replaceAll('$__rate_interval', '30s').replaceAll('$__range', '15m')
    .replaceAll('"$cluster"', '".*"');

const queries = dashboards.flatMap(({ uid, rows }) =>
  rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries: own }) =>
      own.map(({ expr, legend }) => [uid, title, legend, expr] as const))));

type Incidents = { readonly items: readonly { readonly id: string }[] };

describe.skipIf(!has)('Prometheus at the demo', () => {
  let folder: string;
  let session: Session;
  let prometheus: Prometheus;
  let receiver: Server;
  let client: Client;
  const text: Record<string, string> = {};

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lanner-monitoring-'));
    receiver = createServer((request, response) => {
      request.resume();
      response.end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const { port } = receiver.address() as AddressInfo;
    const metricsPort = await freePort();
    const parsed = parseOptions(
      ['--headless', '--port', '0', '--metrics', String(metricsPort), '--speed', '40'],
      join(root, 'demo', 'recording'),
    );
    if (parsed.ok !== true) throw new Error('options of the demo');
    const roots = { cgroupRoot: join(folder, 'cgroup'), procRoot: join(folder, 'proc') };
    for (const path of Object.values(roots)) mkdirSync(path);
    session = await startSession(parsed.options, {
      outputs: [anOutput({ kind: 'webhook', url: `http://127.0.0.1:${port}/` })],
      contain: { ...roots, freezeSecondsMax: 60 },
    });
    const { addresses: { api }, token } = session.collector;
    client = new Client({ url: api, token });
    prometheus = await Prometheus.start(folder, [
      { job: 'lanner-agent', address: `127.0.0.1:${metricsPort}` },
      { job: 'lanner-collector', address: new URL(api).host, token },
    ], RULES);
    await session.told;
    const { items: [incident] } = await client.get('/api/v1/incidents') as Incidents;
    const path = `/api/v1/incidents/${incident?.id}`;
    const { work } = await client.get(path) as { readonly work: { readonly revision: number } };
    await client.post(`${path}/acknowledge`, { revision: work.revision });
    text['collector'] = await client.getText('/metrics');
    text['agent'] = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  });

  afterAll(async () => {
    await prometheus?.stop();
    await session?.stop();
    receiver?.closeAllConnections();
    receiver?.close();
    rmSync(folder, { recursive: true });
  });

  const numbers = async (expr: string): Promise<readonly string[]> =>
    (await prometheus.query(asGrafana(expr)))
      .map(({ value: [, value] }) => value)
      .filter((value) => value !== 'NaN');

  test.each(['agent', 'collector'])('the metrics of the %s please promtool', (program) => {
    const { status, stdout, stderr } =
      spawnSync('promtool', ['check', 'metrics'], { input: text[program], encoding: 'utf8' });
    // Warnings of prom-client's own metrics are not ours to change.
    const ours = (stdout + stderr).split('\n').filter((line) => line.startsWith('lanner_'));
    expect({ ours, isRead: status !== 1 }).toEqual({ ours: [], isRead: true });
  });

  test.each([
    ['alerts', 'sum(lanner_collector_alerts_total)', 1],
    ['alerts of namespaces', 'sum(lanner_collector_namespace_alerts_total{namespace!~"_.*"})', 1],
    ['records sent', 'sum(lanner_collector_output_sent_total)', 1],
    ['events', 'lanner_agent_events_received_total', 60_000],
    ['an incident acknowledged', 'lanner_collector_incident_acknowledge_seconds_count', 1],
  ])('there was something to count: %s', async (_, expr, least) => {
    await expect.poll(async () => Number((await numbers(expr))[0] ?? 0), { timeout: 120_000 })
      .toBeGreaterThanOrEqual(least);
  });

  const demonstrable = queries.filter(([, title]) => !WITHOUT.has(title));
  test.each(demonstrable)('%s, %s (%s): gives numbers', async (_, __, ___, expr) => {
    await expect.poll(async () => (await numbers(expr)).length, { timeout: 120_000, interval: 500 })
      .toBeGreaterThan(0);
  });

  const others = queries.filter(([, title]) => WITHOUT.has(title));
  test.each(others)('%s, %s (%s): is a query, which a demo has no numbers for',
    async (_, __, ___, expr) => {
      expect(await numbers(expr)).toEqual([]);
    });

  test('each alert is evaluated without an error, and all is well watched', async () => {
    await expect.poll(async () => (await prometheus.rules()).map(({ health }) => health))
      .not.toContain('unknown');
    const rules = await prometheus.rules();
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    const down = rules.filter(({ name }) =>
      ['LannerCollectorDown', 'LannerStoreFailing', 'LannerAlertsLost'].includes(name));
    expect(down.map(({ state }) => state)).toEqual(['inactive', 'inactive', 'inactive']);
  });
});
