import { expect, test } from 'vitest';
import { Baseline } from '../baseline/baseline.ts';
import { BUSY_MS, REST_MS } from './backlog.ts';
import { at, event } from './identity/sample-events.ts';
import { Perception } from './perception.ts';
import { systemClock } from './source/clock.ts';
import type { FalcoEvent, Gap } from './source/event.ts';

const HOUR_MS = 3_600_000;
const read = (ms: number): FalcoEvent =>
  event(ms, { fields: { 'evt.type': 'openat', 'evt.arg.flags': 'O_RDONLY', 'fd.name': '/srv/a' } });

/** An agent behind Falco's HTTP output, whose own clock is an hour ahead of the events'. */
function agentAnHourAhead() {
  let nowMs = 0;
  let idleMs = 0;
  const gaps: Gap[] = [];
  const perception = new Perception({
    cluster: 'c',
    node: 'n',
    source: { kind: 'http', listen: '127.0.0.1:0' },
    baseline: new Baseline({ cluster: 'c', node: 'n' }),
    clock: { ...systemClock, nowMs: () => nowMs, idleMs: () => idleMs },
    eventNowNs: () => at(HOUR_MS + nowMs),
    newId: () => 'id',
    onGap: (gap) => gaps.push(gap),
  });
  const pass = (busyMs: number, restMs: number): void => {
    nowMs += busyMs + restMs;
    idleMs += restMs;
  };
  return { perception, gaps, pass };
}

test('events of another clock are judged while the agent keeps up, and counted as stale', () => {
  const { perception, gaps, pass } = agentAnHourAhead();
  for (let time = 0; time < 10; time += 1) {
    pass(1, REST_MS);
    perception.take([read(time), read(time)]);
  }
  const { received, dropped, stale, waiting, judged } = perception.stats().events;
  expect({ received, stale, overload: dropped.overload }).toEqual({
    received: 20, stale: 20, overload: 0,
  });
  expect(judged + waiting).toBe(20);
  expect(gaps).toEqual([]);
});

test('without a rest the same events are an overload', () => {
  const { perception, pass } = agentAnHourAhead();
  for (let time = 0; time < 10; time += 1) {
    pass(BUSY_MS, 1);
    perception.take([read(time)]);
  }
  const { dropped, shed, stale } = perception.stats().events;
  expect({ overload: dropped.overload, read: shed.read, stale }).toEqual({
    overload: 10, read: 10, stale: 0,
  });
});

test('what a plugin sends late says nothing about system calls', () => {
  const { perception, gaps, pass } = agentAnHourAhead();
  pass(BUSY_MS, 0);
  perception.take([{ ...read(0), source: 'k8s_audit' }]);
  perception.take([read(HOUR_MS + BUSY_MS)]);
  const { dropped, stale } = perception.stats().events;
  expect({ overload: dropped.overload, stale, gaps }).toEqual({ overload: 0, stale: 0, gaps: [] });
});
