import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  nextPollMs,
  POLL_EVENTS,
  POLL_MS_BUSY_MAX,
  POLL_MS_BUSY_MIN,
  POLL_MS_IDLE_MAX,
} from './poll.ts';

test.each([
  [100, POLL_EVENTS * 100, POLL_MS_BUSY_MIN],
  [100, 1, POLL_MS_BUSY_MAX],
  [20, 20, POLL_MS_BUSY_MAX],
  [20, 64, 10],
  [3, 32, POLL_MS_BUSY_MIN],
  [10, 0, 15],
  [20, 0, POLL_MS_IDLE_MAX],
  [90, 0, POLL_MS_IDLE_MAX],
])('after %d ms and %d events the next request is in %d ms', (previousMs, received, next) => {
  expect(nextPollMs(previousMs, received)).toBe(next);
});

test('the interval never leaves its bounds, and silence always ends at the idle bound', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100)), (polls) => {
      let ms = POLL_MS_BUSY_MIN;
      for (const received of [...polls, ...Array<number>(10).fill(0)]) {
        ms = nextPollMs(ms, received);
        expect(ms).toBeGreaterThanOrEqual(POLL_MS_BUSY_MIN);
        expect(ms).toBeLessThanOrEqual(received > 0 ? POLL_MS_BUSY_MAX : POLL_MS_IDLE_MAX);
      }
      expect(ms).toBe(POLL_MS_IDLE_MAX);
    }),
  );
});

test.each([
  [500, POLL_MS_BUSY_MAX],
  [3_200, 10],
  [20_000, POLL_MS_BUSY_MIN],
])('at %d events a second it settles at %d ms', (rate, settled) => {
  let ms = POLL_MS_IDLE_MAX;
  for (let poll = 0; poll < 20; poll += 1) ms = nextPollMs(ms, Math.round((rate * ms) / 1_000));
  expect(ms).toBeCloseTo(settled, 0);
});
