import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rfc3339 } from '../../baseline/episode/time.ts';
import { gapCauses } from '../../proto/lanner/v1/frames.ts';
import type { GapRecord } from '../../proto/lanner/v1/frames.ts';
import { foldGaps } from './fold-gaps.ts';

const time = (second: number): string => rfc3339(BigInt(second) * 1_000_000_000n);
const gap = (from: number, to: number, partly: Partial<GapRecord> = {}): GapRecord => ({
  from: time(from),
  to: time(to),
  cause: 'falco-drop',
  eventsEstimate: 1,
  ...partly,
});

test('within the bound nothing changes but the order', () => {
  expect(foldGaps([gap(5, 6), gap(1, 2)], 2)).toEqual([gap(1, 2), gap(5, 6)]);
});

test('the nearest neighbours of one cause become one, and another cause stays between', () => {
  const other = gap(12, 13, { cause: 'overload' });
  expect(foldGaps([gap(0, 1), gap(10, 11), other, gap(14, 15)], 3)).toEqual([
    gap(0, 1),
    gap(10, 15, { eventsEstimate: 2 }),
    other,
  ]);
});

test('with an unknown loss the sum is unknown', () => {
  expect(foldGaps([gap(0, 1), gap(2, 3, { eventsEstimate: -1 })], 1))
    .toEqual([gap(0, 3, { eventsEstimate: -1 })]);
});

test('times that nobody can read are folded like others', () => {
  const broken = { ...gap(0, 0), from: 'x', to: '' };
  expect(foldGaps([broken, broken, broken], 1).length).toBe(1);
});

test('every hole stays covered by one of its cause, and estimates add up', () => {
  const gaps = fc.array(
    fc.record({
      from: fc.integer({ min: 0, max: 10_000 }),
      seconds: fc.integer({ min: 0, max: 100 }),
      cause: fc.constantFrom(...gapCauses),
      eventsEstimate: fc.integer({ min: 0, max: 1_000 }),
    }).map(({ from, seconds, ...rest }) => gap(from, from + seconds, rest)),
    { maxLength: 60 },
  );
  const sum = (all: readonly GapRecord[]): number =>
    all.reduce((total, { eventsEstimate }) => total + eventsEstimate, 0);
  fc.assert(
    fc.property(gaps, fc.integer({ min: gapCauses.length, max: 30 }), (all, max) => {
      const folded = foldGaps(all, max);
      expect(folded.length).toBeLessThanOrEqual(Math.max(max, Math.min(all.length, max)));
      expect(sum(folded)).toBe(sum(all));
      for (const { cause, from, to } of all) {
        expect(folded.some((one) => one.cause === cause && one.from <= from && one.to >= to))
          .toBe(true);
      }
    }),
  );
});
