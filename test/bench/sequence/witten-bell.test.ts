import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WittenBell } from './witten-bell.ts';

const ALPHABET = 7;
const symbol = fc.integer({ min: 0, max: ALPHABET - 1 });
const sequence = fc.array(symbol, { maxLength: 40 });
const sequences = fc.array(sequence, { maxLength: 6 });
const order = fc.integer({ min: 1, max: 8 });

function trained(training: readonly (readonly number[])[], size = 3, contextsMax = 10_000) {
  const model = new WittenBell({ alphabetSize: ALPHABET, order: size, contextsMax });
  for (const one of training) model.learn(one);
  return model;
}

describe('probabilities', () => {
  test('sum to one over the alphabet in every context, at every order', () => {
    fc.assert(
      fc.property(sequences, sequence, order, (training, before, size) => {
        const model = trained(training, size);
        let sum = 0;
        for (let s = 0; s < ALPHABET; s += 1) sum += model.probability(s, before);
        expect(sum).toBeCloseTo(1, 10);
      }),
    );
  });

  test('sum to one also when the bound on contexts was reached', () => {
    fc.assert(
      fc.property(sequences, sequence, (training, before) => {
        const model = trained(training, 5, 4);
        let sum = 0;
        for (let s = 0; s < ALPHABET; s += 1) sum += model.probability(s, before);
        expect(sum).toBeCloseTo(1, 10);
      }),
    );
  });

  test('are uniform before anything was learned', () => {
    const model = trained([]);
    expect(model.probability(3, [1, 2])).toBe(1 / ALPHABET);
    expect(model.bits([1, 2, 3])).toBeCloseTo(Math.log2(ALPHABET), 12);
  });

  test('follow the interpolation by hand: (c + T · P′) / (n + T) from the uniform base up', () => {
    const model = trained([[1, 2, 1, 2]], 2);
    // Empty context: 1 twice, 2 twice, two kinds. After 1: 2 twice, one kind.
    const p2 = (2 + 2 / ALPHABET) / (4 + 2);
    expect(model.probability(2, [])).toBeCloseTo((0 + 1 * p2) / (1 + 1), 12);
    expect(model.probability(2, [1])).toBeCloseTo((2 + 1 * p2) / (2 + 1), 12);
  });

  test('depend on the last k − 1 symbols alone', () => {
    const model = trained([[1, 2, 3, 4, 5, 6, 1, 2, 3]], 3);
    expect(model.probability(4, [6, 6, 2, 3])).toBe(model.probability(4, [1, 1, 2, 3]));
    expect(model.probability(4, [5, 3])).not.toBe(model.probability(4, [2, 3]));
  });

  test('never reach zero, so that no sequence has infinite bits', () => {
    fc.assert(
      fc.property(sequences, sequence, order, (training, judged, size) => {
        expect(Number.isFinite(trained(training, size).bits(judged))).toBe(true);
      }),
    );
  });
});

describe('bits', () => {
  test('are fewer for the training sequence than for the same symbols in another order', () => {
    const pattern = Array.from({ length: 300 }, (_, at) => [1, 2, 3, 1, 4, 5][at % 6] as number);
    const model = trained([pattern], 3);
    const shuffle = fc.shuffledSubarray(pattern, { minLength: pattern.length });
    fc.assert(
      fc.property(shuffle, (shuffled) => {
        expect(model.bits(pattern)).toBeLessThan(model.bits(shuffled) - 1);
      }),
      { numRuns: 30 },
    );
  });

  test('of an empty sequence are zero', () => {
    expect(trained([[1, 2]]).bits([])).toBe(0);
  });

  test('are the mean over the process: one odd symbol in a long run weighs little', () => {
    const run = Array.from({ length: 1000 }, (_, at) => (at % 3) + 1);
    const model = trained([run], 3);
    const odd = run.with(500, 6);
    expect(model.bits(odd) - model.bits(run)).toBeLessThan(0.1);
    expect(model.bits(odd)).toBeGreaterThan(model.bits(run));
  });

  test('treat symbols outside the alphabet as one unknown symbol and never throw', () => {
    const model = trained([[1, 2, 3]]);
    const strange = [1, -5, 99, 2.5, Number.NaN];
    expect(model.bits(strange)).toBe(model.bits([1, 0, 0, 0, 0]));
    expect(() => model.learn(strange)).not.toThrow();
  });
});

describe('merge', () => {
  test('is commutative, also where the bound cuts contexts off', () => {
    fc.assert(
      fc.property(sequences, sequences, fc.integer({ min: 1, max: 60 }), (x, y, max) => {
        const a = trained(x, 4, max);
        const b = trained(y, 4, max);
        const ab = WittenBell.merge(a, b);
        const ba = WittenBell.merge(b, a);
        expect(ab.export()).toEqual(ba.export());
        expect(ab.refused).toBe(ba.refused);
        expect(ab.contexts).toBeLessThanOrEqual(max);
        expect(ab.export()).toHaveLength(ab.contexts);
      }),
    );
  });

  test('equals having learned both while no bound is reached', () => {
    fc.assert(
      fc.property(sequences, sequences, order, (x, y, size) => {
        const merged = WittenBell.merge(trained(x, size), trained(y, size));
        expect(merged.export()).toEqual(trained([...x, ...y], size).export());
      }),
    );
  });

  test('is associative while no bound is reached', () => {
    fc.assert(
      fc.property(sequences, sequences, sequences, (x, y, z) => {
        const [a, b, c] = [trained(x), trained(y), trained(z)];
        const left = WittenBell.merge(WittenBell.merge(a, b), c);
        const right = WittenBell.merge(a, WittenBell.merge(b, c));
        expect(left.export()).toEqual(right.export());
      }),
    );
  });

  test('leaves both sides as they were', () => {
    const a = trained([[1, 2, 3]]);
    const before = JSON.stringify(a.export());
    const merged = WittenBell.merge(a, trained([[1, 2, 4]]));
    merged.learn([5, 5, 5]);
    expect(JSON.stringify(a.export())).toBe(before);
  });

  test('of models of different order is refused', () => {
    expect(() => WittenBell.merge(trained([], 3), trained([], 4))).toThrow(/different order/);
  });
});

describe('bounds', () => {
  test('contexts stay below their bound and what found no room is counted', () => {
    const model = trained([], 6, 20);
    for (let n = 0; n < 200; n += 1) model.learn([n % 7, (n * 3) % 7, (n * 5) % 7, (n * 2) % 7]);
    expect(model.contexts).toBe(20);
    expect(model.refused).toBeGreaterThan(0);
    expect(model.observations).toBe(800);
  });

  test('an order or alphabet that makes no sense is refused', () => {
    expect(() => new WittenBell({ alphabetSize: 0 })).toThrow(RangeError);
    expect(() => new WittenBell({ alphabetSize: 7, order: 2.5 })).toThrow(RangeError);
    expect(() => new WittenBell({ alphabetSize: 7, order: 17 })).toThrow(RangeError);
  });
});
