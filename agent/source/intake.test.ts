import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { FalcoEvent } from './event.ts';
import { BATCH_EVENTS_MAX, Intake } from './intake.ts';
import { LOG_INTERVAL_MS, LogGate } from './log-gate.ts';
import { RecordingSink } from './testing/recording-sink.ts';

const event: FalcoEvent = {
  timeNs: 1n,
  rule: 'r',
  priority: 'debug',
  source: 'syscall',
  hostname: 'h',
  tags: [],
  fields: new Map(),
};

const made = () => {
  let nowMs = 0;
  const soon: (() => void)[] = [];
  const logged: Record<string, unknown>[] = [];
  const stream = { write: (text: string) => void logged.push(JSON.parse(text)) };
  const sink = new RecordingSink();
  const clock = {
    nowMs: () => nowMs,
    nowNs: () => 0n,
    after: () => () => {},
    soon: (run: () => void) => void soon.push(run),
  };
  const intake = new Intake({ sink, clock, log: pino({}, stream) });
  return { intake, sink, soon, logged, pass: (ms: number) => void (nowMs += ms) };
};

test('events of one turn go on as one batch, a full batch at once', () => {
  const { intake, sink, soon } = made();
  for (let count = 0; count < 3; count += 1) intake.accept({ ok: true, event });
  expect(sink.batches).toEqual([]);
  expect(soon).toHaveLength(1);
  soon.shift()?.();
  for (let count = 0; count < BATCH_EVENTS_MAX; count += 1) intake.accept({ ok: true, event });
  expect(sink.batches).toEqual([3, BATCH_EVENTS_MAX]);
  soon.shift()?.();
  expect(sink.batches).toHaveLength(2);
});

test('a flood of malformed events is one log line in ten seconds with their number', () => {
  const { intake, sink, logged, pass } = made();
  const truncated = { ok: false, reason: 'truncated' } as const;
  for (let count = 0; count < 5_000; count += 1) intake.accept(truncated);
  intake.accept({ ok: false, reason: 'bad-time' });
  expect(logged.map(({ reason, suppressed }) => [reason, suppressed])).toEqual([
    ['truncated', 0],
    ['bad-time', 0],
  ]);
  pass(LOG_INTERVAL_MS);
  intake.accept({ ok: false, reason: 'truncated' });
  expect(logged.at(-1)).toMatchObject({ reason: 'truncated', suppressed: 4_999 });
  expect(sink.malformed).toHaveLength(5_002);
  expect(intake.counters).toMatchObject({ received: 5_002, delivered: 0 });
});

test('a gap comes after the events before it; a drop report may know no number', () => {
  const { intake, sink } = made();
  const order: string[] = [];
  sink.onEvents = (events) => void order.push(`events ${events.length}`);
  sink.onGap = (gap) => void order.push(`gap ${gap.eventsEstimate}`);
  intake.accept({ ok: true, event });
  const report = { ...event, source: 'internal', rule: 'Falco internal: syscall event drop' };
  intake.accept({ ok: true, event: report });
  intake.accept({ ok: true, event: { ...report, fields: new Map([['n_drops', '-7']]) } });
  const snapshot = { ...report, rule: 'Falco internal: metrics snapshot' };
  intake.accept({ ok: true, event: snapshot });
  intake.accept({ ok: true, event: { ...report, source: 'syscall' } });
  intake.flush();
  expect(order).toEqual(['events 1', 'gap -1', 'events 1', 'gap -1', 'events 3']);
});

test('log keys are a closed set: too many are a programmer\u2019s error', () => {
  const gate = new LogGate({ nowMs: () => 0 });
  expect(() => {
    for (let key = 0; key <= 64; key += 1) gate.pass(`key ${key}`);
  }).toThrow(/closed set/);
});
