import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rfc3339 } from './time.ts';

test('a time keeps its nine digits', () => {
  expect(rfc3339(0n)).toBe('1970-01-01T00:00:00.000000000Z');
  expect(rfc3339(1_795_433_854_221_743_049n)).toBe('2026-11-23T11:37:34.221743049Z');
  expect(rfc3339(1_795_433_854_000_000_001n)).toBe('2026-11-23T11:37:34.000000001Z');
  expect(rfc3339(1_795_433_854_999_999_999n)).toBe('2026-11-23T11:37:34.999999999Z');
});

test('the order of the texts is the order of the times', () => {
  const time = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(time, time, (a, b) => {
      expect(rfc3339(a) < rfc3339(b)).toBe(a < b);
      expect(rfc3339(a)).toHaveLength(30);
    }),
  );
});
