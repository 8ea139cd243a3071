import { expect, test } from 'vitest';
import { EventClock, IDLE_ADVANCE_MS, JUMP_MS } from './event-clock.ts';

const MS = 1_000_000n;

function clockAt(startMs: number) {
  let nowMs = startMs;
  const clock = new EventClock(() => nowMs);
  return { clock, pass: (ms: number) => (nowMs += ms) };
}

test('before the first event there is no time', () => {
  expect(clockAt(5).clock.nowNs()).toBe(0n);
});

test('time follows the events, and goes on by itself while none come', () => {
  const { clock, pass } = clockAt(0);
  clock.see(1_000n * MS);
  pass(250);
  expect(clock.nowNs()).toBe(1_250n * MS);
  expect(clock.see(1_900n * MS)).toBe('in-order');
  expect(clock.nowNs()).toBe(1_900n * MS);
});

test('a late event is counted and does not turn the clock back', () => {
  const { clock } = clockAt(0);
  clock.see(2_000n * MS);
  expect(clock.see(1_999n * MS)).toBe('late');
  expect(clock.nowNs()).toBe(2_000n * MS);
  expect(clock.late).toBe(1);
});

test('an event that took long to arrive is not late while it is the newest', () => {
  const { clock, pass } = clockAt(0);
  clock.see(0n);
  pass(50);
  expect(clock.see(10n * MS)).toBe('in-order');
  expect(clock.nowNs()).toBe(50n * MS);
});

test('a step of the wall clock sets the time anew in both directions', () => {
  const { clock } = clockAt(0);
  clock.see(BigInt(10 * JUMP_MS) * MS);
  expect(clock.see(BigInt(20 * JUMP_MS) * MS)).toBe('jump');
  expect(clock.nowNs()).toBe(BigInt(20 * JUMP_MS) * MS);
  expect(clock.see(BigInt(5 * JUMP_MS) * MS)).toBe('jump');
  expect(clock.nowNs()).toBe(BigInt(5 * JUMP_MS) * MS);
  expect(clock.jumps).toBe(2);
});

test('a source that is silent for a day advances the clock by ten minutes only', () => {
  const { clock, pass } = clockAt(0);
  clock.see(0n);
  pass(86_400_000);
  expect(clock.nowNs()).toBe(BigInt(IDLE_ADVANCE_MS) * MS);
});
