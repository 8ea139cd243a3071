import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunningAgent } from './agent.ts';
import { API } from './identity/sample-events.ts';
import type { TestCollector } from './link/test-collector.ts';
import { OUTBOX_BYTES_MIN } from './outbox/outbox.ts';
import { sumOf } from './stats.ts';
import { BulkyBaseline } from './testing/bulky-baseline.ts';
import { falcoLine, FleetRig, post, until } from './testing/fleet-rig.ts';

const rig = new FleetRig();

/** So many programs start, each of which raises an alert of the severity in its name. */
function recordingOf(severity: string, count: number): string {
  const path = join(rig.dir, `${severity}.jsonl`);
  const fields = { ...API, 'proc.name': severity, 'proc.exepath': `/usr/bin/${severity}` };
  const lines = Array.from({ length: count }, (_, index) =>
    falcoLine(fields, new Date(1_795_433_700_000 + index)));
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const replay = (path: string) => ({ source: { kind: 'replay', path, speed: Infinity } } as const);
const alertsAt = (server: TestCollector) => server.batches.flatMap(({ alerts }) => alerts);
const gapsAt = (server: TestCollector) => server.batches.flatMap(({ gaps }) => gaps);
const metricsOf = async (agent: RunningAgent): Promise<string> =>
  (await fetch(`http://127.0.0.1:${agent.httpPort}/metrics`)).text();

test('a stuck collector slows nothing: events are judged, and the full outbox counts', async () => {
  const server = await rig.collector();
  server.isAcknowledging = false;
  server.window = 1;
  const worst = replay(recordingOf('critical', 20));
  const critical = await rig.agent(server.port, new BulkyBaseline(), worst);
  await until(() => expect(critical.stats().outbox.pending).toBe(20));
  await critical.stop();

  const baseline = new BulkyBaseline();
  const agent = await rig.agent(server.port, baseline, replay(recordingOf('low', 200)));
  await until(() => expect(sumOf(agent.stats().alerts.raised)).toBe(200));
  const { events, outbox, link } = agent.stats();
  expect(link).toMatchObject({ isLinked: true, inFlight: 1 });
  expect(events).toMatchObject({ received: 200, judged: 200 });
  expect(outbox.bytes).toBeLessThanOrEqual(OUTBOX_BYTES_MIN / 2);
  expect(outbox.folded.low).toBeGreaterThan(50);
  expect(outbox.folded.critical).toBe(0);
  expect(outbox.found + outbox.accepted).toBe(
    outbox.acknowledged + outbox.superseded + sumOf(outbox.folded) + outbox.pending,
  );
  expect(await metricsOf(agent))
    .toContain(`lanner_agent_outbox_summarised_total{severity="low"} ${outbox.folded.low}`);

  // It comes back: each alert once, or in the count of the one that stands for the folded.
  const [stuck] = server.batches.slice(-1);
  if (stuck === undefined) throw new Error('one batch is in flight');
  server.isAcknowledging = true;
  server.acknowledge(server.latest, stuck);
  await until(() => expect(agent.stats().outbox.pending).toBe(0));
  const arrived = new Map(alertsAt(server).map((alert) => [alert.id, alert]));
  const summary = [...arrived.values()].filter(({ kind }) => kind === 'sensor');
  expect(summary).toMatchObject([{ severity: 'low', count: outbox.folded.low }]);
  expect(summary[0]?.id).toMatch(/^folded-/);
  expect(summary[0]?.reason.en).toContain(`${outbox.folded.low} low in shop/api`);
  const count = (prefix: string): number =>
    [...arrived.keys()].filter((id) => id.startsWith(prefix)).length;
  expect(count('critical')).toBe(20);
  expect(count('low') + outbox.folded.low).toBe(200);
});

test('a broken outbox is an alert, and a gap record that says since when', async () => {
  const server = await rig.collector();
  const before = await rig.agent(server.port, new BulkyBaseline());
  await post(before, { ...API, 'proc.name': 'low', 'proc.exepath': '/usr/bin/low' });
  await until(() => expect(alertsAt(server).length).toBe(1));
  await before.stop();
  writeFileSync(rig.outboxPath, 'no database'.repeat(1_000));
  const after = await rig.agent(server.port, new BulkyBaseline());
  await until(() => expect(gapsAt(server).length).toBe(1));
  await until(() => expect(alertsAt(server).length).toBe(2));
  expect(gapsAt(server)[0]).toMatchObject({ cause: 'outbox-lost', eventsEstimate: -1 });
  expect(alertsAt(server)[1]).toMatchObject({ kind: 'sensor', severity: 'high' });
  expect(alertsAt(server)[1]?.reason.en).toContain('was broken');
  expect(await metricsOf(after)).toContain('lanner_agent_gaps_total{cause="outbox-lost"} 1');
});

test('an old copy of the outbox, put back, is an alert and a gap record as well', async () => {
  const server = await rig.collector();
  const low = { ...API, 'proc.name': 'low', 'proc.exepath': '/usr/bin/low' };
  const first = await rig.agent(server.port, new BulkyBaseline());
  await post(first, low);
  await until(() => expect(first.stats().outbox.acknowledged).toBe(1));
  await first.stop();
  const copy = join(rig.dir, 'copy.sqlite');
  copyFileSync(rig.outboxPath, copy);
  const second = await rig.agent(server.port, new BulkyBaseline());
  await post(second, low);
  await until(() => expect(second.stats().outbox.acknowledged).toBe(1));
  await second.stop();
  copyFileSync(copy, rig.outboxPath);
  const third = await rig.agent(server.port, new BulkyBaseline());
  await until(() => expect(gapsAt(server).length).toBe(1));
  await until(() => expect(alertsAt(server).length).toBe(3));
  expect(gapsAt(server)[0]).toMatchObject({ cause: 'outbox-lost' });
  expect(alertsAt(server)[2]).toMatchObject({ kind: 'sensor', severity: 'high' });
  expect(alertsAt(server)[2]?.reason.en).toContain('is an old copy');
  expect(third.stats().link.ended.ahead).toBe(1);
});
