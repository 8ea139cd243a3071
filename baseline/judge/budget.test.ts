import fc from 'fast-check';
import { expect, test } from 'vitest';
import { channels, type Channel } from '../alert.ts';
import { random } from '../testing/random.ts';
import { alarmLevel, CHANNEL_WEIGHTS, combine, eValue, nextSum } from './budget.ts';

const evidence = fc
  .array(fc.tuple(fc.constantFrom(...channels), fc.double({ min: 1e-15, max: 1, noNaN: true })))
  .map((entries) => new Map<Channel, number>(entries));

test('the weights of the channels sum to one', () => {
  const weights = channels.map((channel) => CHANNEL_WEIGHTS[channel]);
  expect(Object.keys(CHANNEL_WEIGHTS).sort()).toEqual([...channels].sort());
  expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
  expect(weights.every((weight) => weight > 0)).toBe(true);
});

test('the mean of the e-value under a uniform p is one', () => {
  // ∫ ½ p^(−½) dp; with p = u² the integrand is 1, so that the midpoint rule is exact enough.
  const steps = 100_000;
  let mean = 0;
  for (let i = 0; i < steps; i += 1) {
    const u = (i + 0.5) / steps;
    mean += (eValue(u * u) * 2 * u) / steps;
  }
  expect(mean).toBeCloseTo(1, 6);
});

test('an e-value rises as p falls, is a half at p = 1 and finite at p = 0', () => {
  expect(eValue(1)).toBe(0.5);
  expect(eValue(0.25)).toBe(1);
  expect(eValue(7)).toBe(0.5);
  expect(Number.isFinite(eValue(0))).toBe(true);
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (a, b) => {
        if (a <= b) expect(eValue(a)).toBeGreaterThanOrEqual(eValue(b));
      },
    ),
  );
});

test('a window without anything unusual has the e-value of p = 1', () => {
  expect(combine(new Map()).e).toBeCloseTo(0.5, 12);
  expect(combine(new Map()).parts).toEqual([]);
});

test('the combination is the weighted sum, and its parts are told largest first', () => {
  const { e, parts } = combine(
    new Map<Channel, number>([
      ['file-read', 0.01],
      ['exec', 0.04],
      ['net', 1],
    ]),
  );
  expect(parts).toEqual([
    { channel: 'exec', value: CHANNEL_WEIGHTS.exec * 2.5 },
    { channel: 'file-read', value: CHANNEL_WEIGHTS['file-read'] * 5 },
  ]);
  const rest = 1 - CHANNEL_WEIGHTS.exec - CHANNEL_WEIGHTS['file-read'];
  expect(e).toBeCloseTo((parts[0]?.value ?? 0) + (parts[1]?.value ?? 0) + rest * 0.5, 12);
});

test('more evidence never makes less of it', () => {
  fc.assert(
    fc.property(evidence, fc.constantFrom(...channels), (pValues, channel) => {
      const stronger = new Map(pValues).set(channel, (pValues.get(channel) ?? 1) / 4);
      expect(combine(stronger).e).toBeGreaterThan(combine(pValues).e);
      expect(nextSum(3, combine(stronger).e)).toBeGreaterThan(nextSum(3, combine(pValues).e));
    }),
  );
});

test('the level is pods × windows a day ÷ allowed alarms a day', () => {
  const budget = { falseAlarmsPerDay: 2, windowMs: 60_000 };
  expect(alarmLevel(budget, 10)).toBe((10 * 1_440) / 2);
  expect(alarmLevel(budget, 0)).toBe(1_440 / 2);
});

/** Share of null runs of `length` windows that reach the level; channels in lockstep or not. */
function alarmShare(dependent: boolean, level: number, length: number, runs: number): number {
  const next = random(dependent ? 11 : 12);
  let alarmed = 0;
  for (let run = 0; run < runs; run += 1) {
    let sum = 0;
    for (let window = 0; window < length && sum < level; window += 1) {
      const shared = next();
      const pValues = new Map<Channel, number>();
      for (const channel of channels) pValues.set(channel, dependent ? shared : 1 - next());
      sum = nextSum(sum, combine(pValues).e);
    }
    if (sum >= level) alarmed += 1;
  }
  return alarmed / runs;
}

test.each([
  ['independent', false],
  ['wholly dependent', true],
])('the alarm budget holds on null streams of %s channels', (_name, dependent) => {
  const runs = 1_200;
  for (const [length, level] of [
    [100, 1_000],
    [200, 1_000],
    [50, 200],
  ] as const) {
    const bound = length / level;
    const margin = 4 * Math.sqrt((bound * (1 - bound)) / runs);
    expect(alarmShare(dependent, level, length, runs)).toBeLessThanOrEqual(bound + margin);
  }
});

test('one window of strong evidence is enough, and weak evidence adds up', () => {
  const level = alarmLevel({ falseAlarmsPerDay: 1, windowMs: 60_000 }, 10);
  const strong = combine(new Map<Channel, number>([['rate', 1e-15]])).e;
  expect(nextSum(1, strong)).toBeGreaterThan(level);
  const weak = combine(new Map<Channel, number>(channels.map((channel) => [channel, 0.002]))).e;
  let sum = 0;
  let windows = 0;
  while (sum < level) {
    sum = nextSum(sum, weak);
    windows += 1;
  }
  expect(windows).toBeGreaterThan(2);
  expect(windows).toBeLessThan(8);
});
