import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { FlowChunk } from '../../proto/lanner/v1/frames.ts';
import { FLOW_SHARE } from './flow-chunks.ts';
import { OUTBOX_BYTES_MIN } from './outbox.ts';
import type { OutboxCounts } from './outbox.ts';
import { OutboxRig, alert } from './testing/outbox-rig.ts';

const rig = new OutboxRig();
const START = Date.UTC(2026, 10, 23, 10, 15);
const MINUTE_MS = 60_000;

const chunkAt = (minute: number, name = ''): FlowChunk => ({
  minute: START + minute * MINUTE_MS,
  actors: [{ namespace: 'shop', pod: 'web-1', podUid: 'u', workload: 'web', containerId: 'c',
    containerName: 'web', image: { repository: 'r', tag: 't', digest: '' }, process: 'p', exe: 'e' }],
  flows: [{ actor: 0, direction: 'out', protocol: 'tcp', remoteAddress: '203.0.113.9', port: 443,
    localAddress: '10.244.0.7', outcome: 'ok', name, first: START, last: START, count: 3,
    sourcePorts: [1], portsBeyond: 0, folded: false }],
  watched: { from: START + minute * MINUTE_MS, to: START + (minute + 1) * MINUTE_MS },
});

const balance = ({ flows }: OutboxCounts): number =>
  flows.found + flows.accepted - (flows.acknowledged + flows.dropped + flows.pending);

test('flows travel in batches, one chunk each, survive a restart, and go when acknowledged', () => {
  const before = rig.open();
  before.put([alert('a', { severity: 'low' })]);
  before.putFlows([chunkAt(0), chunkAt(1)]);
  const first = before.seal();
  expect(first).toMatchObject({ sequence: 1, alerts: [{ id: 'a' }], flows: chunkAt(0) });
  before.close();
  const outbox = rig.open();
  expect(outbox.batchesAfter(0, 9)).toEqual([first]);
  expect(outbox.seal()).toMatchObject({ sequence: 2, alerts: [], flows: chunkAt(1) });
  expect(outbox.seal()).toBeNull();
  expect(outbox.isEmpty()).toBe(false);
  outbox.acknowledge(outbox.epoch, 2);
  expect(outbox.isEmpty()).toBe(true);
  expect(outbox.counts().flows).toMatchObject({ found: 2, acknowledged: 2, pending: 0, bytes: 0 });
  expect(balance(outbox.counts())).toBe(0);
});

test('what is severe does not wait for flows', () => {
  const outbox = rig.open();
  outbox.putFlows([chunkAt(0)]);
  outbox.put([alert('a', { severity: 'critical' })]);
  expect(outbox.seal()).not.toHaveProperty('flows');
  expect(outbox.seal()).toMatchObject({ alerts: [], flows: chunkAt(0) });
});

test('flows have a share of the file; beyond, the oldest minutes go and a gap says which', () => {
  const outbox = rig.open({ bytesMax: OUTBOX_BYTES_MIN });
  const shareBytes = OUTBOX_BYTES_MIN / 2 / FLOW_SHARE;
  const large = 'x'.repeat(200_000);
  for (let minute = 0; minute < 20; minute += 1) outbox.putFlows([chunkAt(minute, large)]);
  const { flows } = outbox.counts();
  expect(flows.bytes).toBeLessThanOrEqual(shareBytes);
  expect(flows.dropped).toBeGreaterThan(5);
  expect(balance(outbox.counts())).toBe(0);
  const batch = outbox.seal();
  expect(batch?.flows?.minute).toBe(START + flows.dropped * MINUTE_MS);
  const gaps = [...batch?.gaps ?? []];
  expect(gaps).toHaveLength(flows.dropped);
  expect(gaps[0]).toEqual({ from: '2026-11-23T10:15:00.000000000Z',
    to: '2026-11-23T10:16:00.000000000Z', cause: 'flows-dropped', eventsEstimate: 3 });
  // What is in flight stays, whatever comes after it.
  for (let minute = 20; minute < 40; minute += 1) outbox.putFlows([chunkAt(minute, large)]);
  expect(outbox.batchesAfter(0, 1)).toEqual([batch]);
});

test('a file full of alerts takes no flows, and says so', () => {
  const outbox = rig.open({ bytesMax: OUTBOX_BYTES_MIN });
  const reason = { en: 'x'.repeat(4_000), zh: '' };
  for (let number = 0; number < 2_000; number += 1) {
    outbox.put([alert(`a${number}`, { severity: 'critical', reason })]);
  }
  outbox.putFlows([chunkAt(0, 'x'.repeat(30_000))]);
  const { flows } = outbox.counts();
  expect(flows.dropped + flows.pending).toBe(1);
  expect(balance(outbox.counts())).toBe(0);
});

test('a new epoch keeps no flows: the collector may have them already', () => {
  const outbox = rig.open();
  outbox.putFlows([chunkAt(0), chunkAt(1)]);
  outbox.seal();
  outbox.renewEpoch();
  const batch = outbox.seal();
  expect(batch).not.toHaveProperty('flows');
  expect(batch?.gaps.map(({ cause }) => cause).toSorted()).toEqual(['flows-dropped', 'outbox-lost']);
  expect(balance(outbox.counts())).toBe(0);
});

test('a batch that cannot be sent becomes a gap, not a silence', () => {
  const outbox = rig.open();
  outbox.putFlows([chunkAt(0)]);
  const batch = outbox.seal();
  outbox.foldBatch(batch?.sequence ?? 0);
  expect(outbox.batchesAfter(0, 9)).toEqual([]);
  expect(outbox.seal()?.gaps).toMatchObject([{ cause: 'flows-dropped' }]);
  expect(balance(outbox.counts())).toBe(0);
});

test('a file of the version before is taken over', () => {
  const before = rig.open();
  before.put([alert('a', { severity: 'low' })]);
  before.close();
  const database = new DatabaseSync(rig.path);
  database.exec('DROP TABLE flow_chunk; PRAGMA user_version = 2');
  database.close();
  const outbox = rig.open();
  expect(rig.replaced).toEqual([]);
  outbox.putFlows([chunkAt(0)]);
  expect(outbox.seal()).toMatchObject({ alerts: [{ id: 'a' }], flows: chunkAt(0) });
});
