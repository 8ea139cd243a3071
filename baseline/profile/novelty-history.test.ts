import fc from 'fast-check';
import { expect, test } from 'vitest';
import { random } from '../testing/random.ts';
import { NOVEL_GROUPS_MAX, NoveltyHistory } from './novelty-history.ts';

function history(groups: readonly number[]): NoveltyHistory {
  const past = new NoveltyHistory();
  for (const count of groups) past.add(count);
  return past;
}

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
    const past = new NoveltyHistory();
    for (let w = 0; w < 60; w += 1) past.add(draw());
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
