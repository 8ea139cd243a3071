import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  cleanRunNeeded,
  completion,
  COMPLETION_DEFAULT,
  type CompletionEvidence,
} from './completion.ts';

const DAY_MS = 24 * 3_600_000;

function evidence(options: Partial<CompletionEvidence> = {}): CompletionEvidence {
  return {
    novelWindows: 1,
    cleanWindows: 0,
    pods: 5,
    restarts: 0,
    ageMs: DAY_MS,
    windowsPerSecond: 0,
    ...options,
  };
}

const anyEvidence = fc.record({
  novelWindows: fc.nat(1_000),
  cleanWindows: fc.double({ min: 0, max: 10_000, noNaN: true }),
  pods: fc.nat(20),
  restarts: fc.nat(3),
  ageMs: fc.nat(3 * DAY_MS),
  windowsPerSecond: fc.double({ min: 0, max: 10, noNaN: true }),
});

test.each([
  [1, 173],
  [2, 242],
  [3, 282],
  [4, 311],
  [5, 333],
  [10, 401],
])('after novelty %i a clean run of %i units is needed', (novelties, units) => {
  expect(cleanRunNeeded(novelties, COMPLETION_DEFAULT)).toBe(units);
});

test('without any novelty the run of the first is needed', () => {
  expect(cleanRunNeeded(0, COMPLETION_DEFAULT)).toBe(173);
});

test('each novelty makes the run longer, and none makes it shorter', () => {
  for (let r = 1; r < 2_000; r += 1) {
    expect(cleanRunNeeded(r + 1, COMPLETION_DEFAULT)).toBeGreaterThanOrEqual(
      cleanRunNeeded(r, COMPLETION_DEFAULT),
    );
  }
  for (let r = 1; r < 20; r += 1) {
    expect(cleanRunNeeded(r + 1, COMPLETION_DEFAULT)).toBeGreaterThan(
      cleanRunNeeded(r, COMPLETION_DEFAULT),
    );
  }
});

test('the chance of a wrong end is within what was promised, over all novelties together', () => {
  const { noveltyRate, confidence } = COMPLETION_DEFAULT;
  let total = 0;
  for (let r = 1; r < 5_000; r += 1) {
    total += (1 - noveltyRate) ** cleanRunNeeded(r, COMPLETION_DEFAULT);
  }
  expect(total).toBeLessThan(confidence);
  expect(total).toBeGreaterThan(0.9 * confidence);
});

test('a stricter promise needs a longer run', () => {
  const strict = { ...COMPLETION_DEFAULT, confidence: 0.01 };
  const rare = { ...COMPLETION_DEFAULT, noveltyRate: 0.01 };
  expect(cleanRunNeeded(1, strict)).toBeGreaterThan(173);
  expect(cleanRunNeeded(1, rare)).toBeGreaterThan(2 * 170);
});

test('the channel is complete at the last unit of the run and not before', () => {
  expect(completion(evidence({ cleanWindows: 172.9 }), COMPLETION_DEFAULT).complete).toBe(false);
  expect(completion(evidence({ cleanWindows: 173 }), COMPLETION_DEFAULT).complete).toBe(true);
});

test('never before the minimum age, whatever was seen', () => {
  fc.assert(
    fc.property(anyEvidence, (any) => {
      const young = { ...any, ageMs: Math.min(any.ageMs, DAY_MS - 1) };
      expect(completion(young, COMPLETION_DEFAULT).complete).toBe(false);
    }),
  );
  const runs = { cleanWindows: 1e9, pods: 100 };
  const before = evidence({ ...runs, ageMs: DAY_MS - 1 });
  expect(completion(before, COMPLETION_DEFAULT).complete).toBe(false);
  expect(completion(evidence(runs), COMPLETION_DEFAULT).complete).toBe(true);
});

test('a workload of one pod needs twice the run and claims less', () => {
  const one = completion(evidence({ pods: 1, cleanWindows: 345 }), COMPLETION_DEFAULT);
  expect(one).toMatchObject({ complete: false, needed: 346, clean: 345, basis: 'windows' });
  const done = completion(evidence({ pods: 1, cleanWindows: 346 }), COMPLETION_DEFAULT);
  expect(done.complete).toBe(true);
});

test.each([
  [5, 0, 'pods'],
  [4, 0, 'windows'],
  [3, 1, 'pods'],
  [3, 0, 'windows'],
  [2, 9, 'windows'],
])('%i pods and %i restarts are evidence by %s', (pods, restarts, basis) => {
  expect(completion(evidence({ pods, restarts }), COMPLETION_DEFAULT).basis).toBe(basis);
});

test('more clean windows, pods, restarts or age never take completeness away', () => {
  fc.assert(
    fc.property(anyEvidence, anyEvidence, (a, more) => {
      const b = {
        ...a,
        cleanWindows: a.cleanWindows + more.cleanWindows,
        pods: a.pods + more.pods,
        restarts: a.restarts + more.restarts,
        ageMs: a.ageMs + more.ageMs,
      };
      if (completion(a, COMPLETION_DEFAULT).complete) {
        expect(completion(b, COMPLETION_DEFAULT).complete).toBe(true);
      }
    }),
  );
});

test('the forecast is the missing units at the present rate', () => {
  const state = completion(
    evidence({ cleanWindows: 73, windowsPerSecond: 0.5 }),
    COMPLETION_DEFAULT,
  );
  expect(state.inSeconds).toBe(200);
});

test('the forecast waits for the minimum age when that is longer', () => {
  const state = completion(
    evidence({ cleanWindows: 73, windowsPerSecond: 0.5, ageMs: DAY_MS - 3_600_000 }),
    COMPLETION_DEFAULT,
  );
  expect(state.inSeconds).toBe(3_600);
  const clean = completion(
    evidence({ cleanWindows: 999, ageMs: DAY_MS - 60_000 }),
    COMPLETION_DEFAULT,
  );
  expect(clean.inSeconds).toBe(60);
});

test('without windows nobody can say when, and a complete channel is complete now', () => {
  expect(completion(evidence(), COMPLETION_DEFAULT).inSeconds).toBe(-1);
  expect(completion(evidence({ cleanWindows: 173 }), COMPLETION_DEFAULT).inSeconds).toBe(0);
});
