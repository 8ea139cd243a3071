import { describe, expect, test } from 'vitest';

import { budgetsOf } from './alert-budget.ts';
import type { RunningAgent } from './alert-budget.ts';
import type { TallyRow } from './fatigue-store.ts';
import { poissonTail } from './poisson.ts';

const DAY = 86_400_000;
const NOON = 100 * DAY + DAY / 2;
const agent = (pods: Readonly<Record<string, number>>, lastSeenMs = NOON): RunningAgent => ({
  lastSeenMs,
  heartbeat: {
    images: Object.entries(pods).map(([repository, count]) =>
      ({ image: { repository }, pods: count })),
  },
});
const raised = (image: string, day: number, alerts: number): TallyRow =>
  ({ image, day, handling: 'none', alerts });

describe('the alert budget of an image', () => {
  test('is its pods’ share of the budget of each node that runs it', () => {
    const budgets = budgetsOf(
      [agent({ web: 3, db: 1 }), agent({ web: 1 }), agent({ web: 9 }, NOON - 2 * DAY)], [], 2, NOON);
    expect(budgets.map(({ image, nodes, allowedPerDay }) => [image, nodes, allowedPerDay]))
      .toEqual([['db', 1, 0.5], ['web', 2, 3.5]]);
    expect(budgets[1]?.spans.map(({ days, allowed }) => [days, allowed]))
      .toEqual([[1, 1.75], [7, 22.75], [30, 103.25]]);
  });

  test('is exceeded when chance would hardly have it', () => {
    const web = (alerts: number) =>
      budgetsOf([agent({ web: 1 })], [raised('web', 100, alerts)], 1, NOON)[0]?.spans[0];
    // P(X ≥ 3 | ½) = 1.4 %, P(X ≥ 4 | ½) = 0.18 %.
    expect(web(3)).toMatchObject({ raised: 3, allowed: 0.5, ratio: 6, isOver: false });
    expect(web(4)).toMatchObject({ raised: 4, isOver: true });
  });

  test('counts days of the collector, and what was told to nobody beside them', () => {
    const tallies: TallyRow[] = [
      raised('web', 100, 1),
      raised('web', 94, 2),
      raised('web', 93, 4),
      raised('web', 71, 8),
      { image: 'web', day: 90, handling: 'cooled', alerts: 40 },
      { image: 'web', day: 90, handling: 'suppressed', alerts: 7 },
    ];
    const [web] = budgetsOf([agent({ web: 1 })], tallies, 1, NOON);
    expect(web?.spans.map((span) => span.raised)).toEqual([1, 3, 15]);
    expect(web).toMatchObject({ cooled: 40, suppressed: 7, maintenance: 0 });
  });

  test('of an image that nobody runs any more is none, and is not exceeded', () => {
    const [old] = budgetsOf([], [raised('old', 99, 50)], 1, NOON);
    expect(old?.spans[1]).toMatchObject({ raised: 50, allowed: 0, ratio: null, isOver: false });
  });

  test('lists first who is over', () => {
    const tallies = [raised('a', 100, 2), raised('b', 100, 20), raised('c', 100, 5)];
    expect(budgetsOf([agent({ a: 1, b: 1, c: 1 })], tallies, 9, NOON).map(({ image }) => image))
      .toEqual(['b', 'c', 'a']);
  });
});

test('the Poisson tail is what tables say', () => {
  expect(poissonTail(0, 3)).toBe(1);
  expect(poissonTail(1, 0)).toBe(0);
  expect(poissonTail(2, 5)).toBe(1);
  expect(poissonTail(1, 0.1)).toBeCloseTo(1 - Math.exp(-0.1), 10);
  expect(poissonTail(10, 3)).toBeCloseTo(0.001102488, 8);
  expect(poissonTail(15, 10)).toBeCloseTo(0.083458473, 8);
  expect(poissonTail(150, 100)).toBeCloseTo(1.7e-6, 6);
  expect(poissonTail(1_000_000, 10)).toBe(0);
});
