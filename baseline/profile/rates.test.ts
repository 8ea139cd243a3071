import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  logGamma,
  negativeBinomialTail,
  ratePValue,
  RATE_WINDOWS_MIN,
  type RateStats,
} from './rates.ts';

function stats(counts: readonly number[]): RateStats {
  return {
    windows: counts.length,
    sum: counts.reduce((sum, count) => sum + count, 0),
    squares: counts.reduce((sum, count) => sum + count * count, 0),
    max: Math.max(0, ...counts),
  };
}

/** 1 − P(X < count), summed from the other end with the recurrence. */
function directTail(count: number, mean: number, variance: number): number {
  const size = (mean * mean) / (variance - mean);
  const q = mean / (size + mean);
  let term = Math.exp(size * Math.log1p(-q));
  let below = 0;
  for (let k = 0; k < count; k += 1) {
    below += term;
    term *= (q * (k + size)) / (k + 1);
  }
  return 1 - below;
}

test.each([
  [1, 0],
  [2, 0],
  [5, Math.log(24)],
  [0.5, Math.log(Math.sqrt(Math.PI))],
  [0.1, 2.252712651734206],
  [100, 359.1342053695754],
])('ln Γ(%f) is %f', (x, value) => {
  expect(logGamma(x)).toBeCloseTo(value, 10);
});

test('ln Γ(x + 1) = ln Γ(x) + ln x', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1e5, noNaN: true }), (x) => {
      const rest = logGamma(x + 1) - logGamma(x) - Math.log(x);
      expect(Math.abs(rest)).toBeLessThan(1e-9 * Math.max(1, Math.abs(logGamma(x))));
    }),
  );
});

test('with size 1 the tail is geometric', () => {
  // Mean m and variance m + m² is a geometric law with P(X ≥ k) = (m / (1 + m))^k.
  for (const [count, mean] of [
    [10, 4],
    [100, 20],
    [400, 20],
  ] as const) {
    const exact = (mean / (1 + mean)) ** count;
    expect(negativeBinomialTail(count, mean, mean + mean * mean) / exact).toBeCloseTo(1, 8);
  }
});

test('the tail agrees with summing what is below it', () => {
  const mean = fc.double({ min: 0.5, max: 200, noNaN: true });
  const spread = fc.double({ min: 1.05, max: 50, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 600 }), mean, spread, (count, m, times) => {
      const direct = directTail(count, m, m * times);
      expect(Math.abs(negativeBinomialTail(count, m, m * times) - direct)).toBeLessThan(1e-9);
    }),
  );
});

test('the tail of a busy spiky series is not cut short', () => {
  // Size 1 again: half a million file reads a window where 100,000 are usual.
  const exact = (100_000 / 100_001) ** 500_000;
  const tail = negativeBinomialTail(500_000, 100_000, 100_000 + 1e10);
  expect(tail / exact).toBeGreaterThanOrEqual(1 - 1e-6);
  expect(tail / exact).toBeLessThan(1.01);
});

test('the tail is a probability and falls as the count grows', () => {
  const mean = fc.double({ min: 0.01, max: 1e6, noNaN: true });
  const spread = fc.double({ min: 1.05, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(fc.nat(1e6), fc.nat(1e4), mean, spread, (count, more, m, times) => {
      const tail = negativeBinomialTail(count, m, m * times);
      expect(tail).toBeGreaterThanOrEqual(0);
      expect(tail).toBeLessThanOrEqual(1);
      const further = negativeBinomialTail(count + more, m, m * times);
      expect(further).toBeLessThanOrEqual(tail * (1 + 1e-6));
    }),
  );
});

test('too few windows say nothing', () => {
  const few = stats(new Array<number>(RATE_WINDOWS_MIN - 1).fill(1));
  expect(ratePValue(few, 1_000_000)).toBe(1);
  const enough = stats(new Array<number>(RATE_WINDOWS_MIN).fill(1));
  expect(ratePValue(enough, 1_000_000)).toBeLessThan(1e-6);
});

test('a count that some window reached says nothing', () => {
  expect(ratePValue(stats([...new Array<number>(99).fill(2), 500]), 500)).toBe(1);
  expect(ratePValue(stats(new Array<number>(99).fill(2)), 0)).toBe(1);
});

test('a load up to four times the busiest window stays empirical', () => {
  const rate = stats(new Array<number>(99).fill(200));
  expect(ratePValue(rate, 201)).toBe(1 / 100);
  expect(ratePValue(rate, 800)).toBe(1 / 100);
  expect(ratePValue(rate, 801)).toBeLessThan(1e-10);
});

test('a hundred of something that never happened say little, and many more say a lot', () => {
  const never = stats(new Array<number>(999).fill(0));
  expect(ratePValue(never, 100)).toBe(1 / 1_000);
  expect(ratePValue(never, 101)).toBeLessThan(1e-6);
});

test('a p-value is within (0, 1] and does not rise with the count', () => {
  const series = fc.array(fc.nat(2_000), { minLength: 60, maxLength: 120 });
  fc.assert(
    fc.property(series, fc.nat(20_000), fc.nat(20_000), (counts, count, more) => {
      const rate = stats(counts);
      const p = ratePValue(rate, count);
      expect(p).toBeGreaterThan(0);
      expect(p).toBeLessThanOrEqual(1);
      expect(ratePValue(rate, count + more)).toBeLessThanOrEqual(p * (1 + 1e-6));
    }),
  );
});
