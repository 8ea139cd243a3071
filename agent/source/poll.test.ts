import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  nextPollMs,
  POLL_EVENTS_MANY,
  POLL_MS_BUSY_MAX,
  POLL_MS_BUSY_MIN,
  POLL_MS_IDLE_MAX,
} from './poll.ts';

test.each([
  [100, POLL_EVENTS_MANY, POLL_MS_BUSY_MIN],
  [100, 1, POLL_MS_BUSY_MAX],
  [20, 1, 10],
  [5, 1, POLL_MS_BUSY_MIN],
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
