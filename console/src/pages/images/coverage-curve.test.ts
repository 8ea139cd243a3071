import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { curveOf, nearestTo } from './coverage-curve.ts';
import type { HistoryPoint } from './coverage-curve.ts';

const BOX = { width: 100, height: 50 };
const START_MS = Date.parse('2026-03-01T10:00:00Z');

const at = (minutes: number, coverage: number, state = 'learning'): HistoryPoint => ({
  time: new Date(START_MS + minutes * 60_000).toISOString(),
  coverage,
  pods: 3,
  observations: 100,
  state,
});

describe('the coverage curve', () => {
  test('is none without a point that can be drawn', () => {
    expect(curveOf([], BOX)).toBeNull();
    expect(curveOf([{ ...at(0, 0.5), time: 'yesterday' }], BOX)).toBeNull();
  });

  test('goes from left to right, with more coverage higher up', () => {
    const curve = curveOf([at(60, 1), at(0, 0), at(30, 0.5)], BOX);
    expect(curve?.line).toBe('M 0 50 L 50 25 L 100 0');
    expect(curve?.area).toBe('M 0 50 L 50 25 L 100 0 V 50 H 0 Z');
  });

  test('of a single point is a level line', () => {
    expect(curveOf([at(0, 0.5)], BOX)?.line).toBe('M 0 25 H 100');
  });

  test('names the moment at which learning became complete, and none when it always was', () => {
    const points = [at(0, 0.9), at(10, 0.99, 'complete'), at(20, 1, 'complete')];
    expect(curveOf(points, BOX)?.completeAt?.ms).toBe(START_MS + 600_000);
    expect(curveOf(points.slice(1), BOX)?.completeAt).toBeNull();
  });

  test('says how much was learned in the last hour, when it is known', () => {
    expect(curveOf([at(0, 0.5), at(30, 0.6), at(90, 0.75)], BOX)?.lastHour).toBeCloseTo(0.15);
    expect(curveOf([at(0, 0.5), at(30, 0.6)], BOX)?.lastHour).toBeNull();
  });

  test('stays in its box, ends with the newest point and is bounded, whatever the history', () => {
    const history = fc.array(fc.record({
      minutes: fc.integer({ min: 0, max: 100_000 }),
      coverage: fc.double({ min: -1, max: 2, noNaN: true }),
    }), { minLength: 1, maxLength: 600 });
    fc.assert(fc.property(history, (points) => {
      const drawn = curveOf(points.map(({ minutes, coverage }) => at(minutes, coverage)), BOX);
      expect(drawn?.points.length).toBeLessThanOrEqual(240);
      expect(drawn?.points.at(-1)?.ms).toBe(drawn?.toMs);
      for (const { x, y } of drawn?.points ?? []) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(BOX.width);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y).toBeLessThanOrEqual(BOX.height);
      }
    }));
  });

  test('finds the point that is nearest', () => {
    const points = curveOf([at(0, 0), at(30, 0.5), at(60, 1)], BOX)?.points ?? [];
    expect(nearestTo(points, 0)).toBe(0);
    expect(nearestTo(points, 60)).toBe(1);
    expect(nearestTo(points, 1_000)).toBe(2);
  });
});
