import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTime } from './json-time.ts';

const time = { seconds: 0, nanos: 0 };
/** How many bytes it is long. */
const read = (text: string): number => readTime(Buffer.from(`x"${text}"x`), 1, time) - 1;

test('every second from 1970 to 9999 is the one that the calendar has', () => {
  const nanos = fc.nat(999_999_999);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), nanos, (seconds, rest) => {
      const second = new Date(seconds * 1_000).toISOString().slice(0, 19);
      expect(read(`${second}.${String(rest).padStart(9, '0')}Z`)).toBe(32);
      expect(time).toEqual({ seconds, nanos: rest });
    }),
    { numRuns: 5_000 },
  );
});

test.each(['1970-01-01', '2000-02-29', '2028-02-29', '2026-12-31', '2100-03-01', '9999-12-31'])(
  '%s exists',
  (day) => {
    expect(read(`${day}T23:59:59.999999999Z`)).toBe(32);
    expect(time.seconds).toBe(Date.parse(`${day}T23:59:59Z`) / 1_000);
  },
);

test.each([
  '2026-02-29T00:00:00.000000000Z',
  '2100-02-29T00:00:00.000000000Z',
  '2026-04-31T00:00:00.000000000Z',
  '2026-00-01T00:00:00.000000000Z',
  '2026-13-01T00:00:00.000000000Z',
  '2026-01-00T00:00:00.000000000Z',
  '2026-01-01T24:00:00.000000000Z',
  '2026-01-01T00:60:00.000000000Z',
  '2016-12-31T23:59:60.000000000Z',
  '1969-12-31T23:59:59.000000000Z',
  '2026-01-01T00:00:00.00000000Z',
  '2026-01-01T00:00:00.0000000000Z',
  '2026-01-01T00:00:00Z',
  '2026-01-01 00:00:00.000000000Z',
  '2026-01-01T00:00:00.00000000xZ',
  '2026-01-01T00:00:00.000000000+01:00',
  '',
])('%s is left to who reads the text', (text) => {
  expect(read(text)).toBeLessThan(0);
});
