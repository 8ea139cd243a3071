import fc from 'fast-check';
import { expect, test } from 'vitest';
import { random } from '../testing/random.ts';
import { Calibration, NOVEL_GROUPS_MAX, type Sighted } from './calibration.ts';

const WINDOW_MS = 1_000;

/** Windows of one pod, each with so many groups that no other pod showed. */
function history(groups: readonly number[]): Calibration {
  const items = groups.flatMap((count, window) =>
    Array.from({ length: count }, (_, n) => seenBy([1], window, `${window}/${n}`)),
  );
  return new Calibration(items, groups.length, WINDOW_MS);
}

function seenBy(pods: number[], window: number, group: string): Sighted {
  return { pods, firstMs: window * WINDOW_MS + 7, group };
}

test('what several pods showed would have surprised nobody', () => {
  const past = new Calibration([seenBy([1, 2], 0, 'a'), seenBy([2], 3, 'b')], 9, WINDOW_MS);
  expect(past.pValue(1, null)).toBe(2 / 10);
});

test('things of one place count once, windows of two pods apart', () => {
  const items = [seenBy([1], 0, 'a'), seenBy([1], 0, 'a'), seenBy([2], 0, 'b')];
  const past = new Calibration(items, 9, WINDOW_MS);
  expect(past.atLeast.slice(0, 3)).toEqual([0, 2, 0]);
});

test('it does not depend on the order of what was seen', () => {
  const sighted = fc.array(
    fc.tuple(fc.nat(3), fc.nat(5), fc.constantFrom('a', 'b', 'c'), fc.boolean()),
  );
  fc.assert(
    fc.property(sighted, (list) => {
      const items = list.map(([pod, window, group, isShared]) =>
        seenBy(isShared ? [pod, pod + 1] : [pod], window, group),
      );
      const there = new Calibration(items, 50, WINDOW_MS);
      expect(new Calibration(items.toReversed(), 50, WINDOW_MS)).toEqual(there);
    }),
  );
});

const windows = fc.array(fc.nat(12), { maxLength: 200 });

test('p is the share of windows with at least as many, this one counted', () => {
  const past = history([0, 0, 1, 2, 0, 1, 0, 0, 0]);
  expect(past.pValue(1, null)).toBe(4 / 10);
  expect(past.pValue(2, null)).toBe(2 / 10);
  expect(past.pValue(3, null)).toBe(1 / 10);
  expect(past.pValue(0, null)).toBe(1);
});

test('p is within (0, 1] and falls with the count, with and without a parent', () => {
  fc.assert(
    fc.property(windows, fc.option(windows), fc.nat(12), fc.nat(12), (own, parent, k, more) => {
      const past = history(own);
      const before = parent === null ? null : history(parent);
      const p = past.pValue(k, before);
      expect(p).toBeGreaterThan(0);
      expect(p).toBeLessThanOrEqual(1);
      expect(past.pValue(k + more, before)).toBeLessThanOrEqual(p);
    }),
  );
});

test('more groups than are told apart count as the most', () => {
  const past = history([NOVEL_GROUPS_MAX + 5]);
  expect(past.pValue(NOVEL_GROUPS_MAX, null)).toBe(1);
  expect(past.pValue(NOVEL_GROUPS_MAX + 50, null)).toBe(1);
});

test('a child starts from its parent, which weighs fifty windows', () => {
  const parent = history([...new Array<number>(99).fill(0), 1]);
  expect(history([]).pValue(1, parent)).toBeCloseTo(2 / 101, 12);
  const child = history([...new Array<number>(49).fill(0), 1]);
  expect(child.pValue(1, parent)).toBeCloseTo((1 + (50 * 2) / 101) / 100, 12);
});

test('a parent without windows says nothing', () => {
  expect(history([1]).pValue(1, history([]))).toBe(1);
});

test('p-values of an exchangeable stream are super-uniform', () => {
  const next = random(7);
  const levels = [0.02, 0.05, 0.1, 0.25, 0.5];
  const below = levels.map(() => 0);
  const runs = 4_000;
  for (let run = 0; run < runs; run += 1) {
    // Each run has its own habit; within a run the windows are exchangeable.
    const habit = next();
    const draw = (): number => {
      let groups = 0;
      while (groups < 10 && next() < habit * 0.7) groups += 1;
      return groups;
    };
    const past = history(Array.from({ length: 60 }, draw));
    const p = past.pValue(draw(), null);
    levels.forEach((level, index) => {
      if (p <= level) below[index] = (below[index] ?? 0) + 1;
    });
  }
  levels.forEach((level, index) => {
    const share = (below[index] ?? 0) / runs;
    const margin = 4 * Math.sqrt((level * (1 - level)) / runs);
    expect(share, `P(p ≤ ${level})`).toBeLessThanOrEqual(level + margin);
  });
});
