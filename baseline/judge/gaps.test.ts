import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Gaps, GAPS_MAX } from './gaps.ts';

const stretch = fc.tuple(fc.nat(10_000), fc.nat(200)).map(([from, long]) => ({
  from,
  to: from + long,
}));

test('a gap touches every moment in it, both ends included, and none far from it', () => {
  const gaps = new Gaps();
  gaps.note(100, 200);
  expect(gaps.touch(0, 100)).toBe(false);
  expect(gaps.touch(0, 101)).toBe(true);
  expect(gaps.touch(150, 160)).toBe(true);
  expect(gaps.touch(200, 300)).toBe(true);
  expect(gaps.touch(201, 300)).toBe(false);
  expect(gaps.windows(0, 500, 50)).toBe(3);
});

test('what was ever in a gap stays in one, however many there are', () => {
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 3 * GAPS_MAX }), (stretches) => {
      const gaps = new Gaps();
      for (const { from, to } of stretches) gaps.note(from, to);
      const isIn = (ms: number): boolean => gaps.touch(ms, ms + 1);
      return stretches.every(({ from, to }) => isIn(from) && isIn(to));
    }),
  );
});

test('below the bound nothing else is in a gap', () => {
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: GAPS_MAX }), fc.nat(10_300), (stretches, ms) => {
      const gaps = new Gaps();
      for (const { from, to } of stretches) gaps.note(from, to);
      expect(gaps.touch(ms, ms + 1)).toBe(stretches.some(({ from, to }) => from <= ms && ms <= to));
    }),
  );
});
