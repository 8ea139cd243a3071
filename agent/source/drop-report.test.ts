import { expect, test } from 'vitest';
import { DropReports } from './drop-report.ts';
import type { FalcoEvent } from './event.ts';

const SECOND = 1_000_000_000n;
const internal = (second: bigint, rule: string, fields: Record<string, string>): FalcoEvent => ({
  timeNs: second * SECOND,
  rule: `Falco internal: ${rule}`,
  priority: 'debug',
  source: 'internal',
  hostname: 'node-a',
  tags: [],
  fields: new Map(Object.entries(fields)),
});
const snapshot = (second: bigint, kernel: number, queue = 0): FalcoEvent =>
  internal(second, 'metrics snapshot', {
    'scap.n_drops': String(kernel),
    'falco.outputs_queue_num_drops': String(queue),
  });

test('a total that grew between two snapshots is a hole from the one to the other', () => {
  const reports = new DropReports();
  expect(reports.gapOf(snapshot(10n, 100))).toBeUndefined();
  expect(reports.gapOf(snapshot(20n, 100))).toBeUndefined();
  expect(reports.gapOf(snapshot(30n, 103, 4))).toEqual({
    fromNs: 20n * SECOND,
    toNs: 30n * SECOND,
    cause: 'falco-drop',
    eventsEstimate: 7,
  });
  expect(reports.gapOf(snapshot(40n, 103, 4))).toBeUndefined();
});

test('what was reported by itself is no second hole', () => {
  const reports = new DropReports();
  reports.gapOf(snapshot(10n, 0));
  const report = internal(15n, 'syscall event drop', { n_drops: '7' });
  expect(reports.gapOf(report)).toMatchObject({ toNs: 15n * SECOND, eventsEstimate: 7 });
  expect(reports.gapOf(snapshot(20n, 7))).toBeUndefined();
  expect(reports.gapOf(snapshot(30n, 9))).toMatchObject({ eventsEstimate: 2 });
});

test('another Falco counts from zero, and nonsense counts nothing', () => {
  const reports = new DropReports();
  reports.gapOf(snapshot(10n, 900));
  expect(reports.gapOf(snapshot(20n, 3))).toBeUndefined();
  expect(reports.gapOf(internal(30n, 'metrics snapshot', { 'scap.n_drops': 'x' }))).toBeUndefined();
  expect(reports.gapOf(internal(35n, 'metrics snapshot', { 'scap.n_drops': '1e99' }))).toBeUndefined();
  expect(reports.gapOf(snapshot(40n, 4))).toMatchObject({ eventsEstimate: 1 });
  // Said by anybody else it is only text.
  expect(reports.gapOf({ ...snapshot(50n, 99), source: 'syscall' })).toBeUndefined();
});

test('a plugin\u2019s snapshot in between changes nothing', () => {
  const reports = new DropReports();
  reports.gapOf(snapshot(10n, 0));
  reports.gapOf(internal(12n, 'syscall event drop', { n_drops: '7' }));
  const plugin = { 'evt.source': 'k8s_audit', 'falco.outputs_queue_num_drops': '2' };
  expect(reports.gapOf(internal(15n, 'metrics snapshot', plugin))).toBeUndefined();
  expect(reports.gapOf(snapshot(20n, 7, 2))).toEqual({
    fromNs: 10n * SECOND, toNs: 20n * SECOND, cause: 'falco-drop', eventsEstimate: 2,
  });
});
