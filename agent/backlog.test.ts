import { expect, test } from 'vitest';
import { Backlog, BUSY_MS, REST_MS } from './backlog.ts';

/** A loop that is busy or idle for so long between two batches. */
function loop() {
  let nowMs = 0;
  let idleMs = 0;
  const backlog = new Backlog(() => nowMs, () => idleMs);
  return (passed: { readonly busyMs?: number; readonly idleMs?: number }): boolean => {
    nowMs += (passed.busyMs ?? 0) + (passed.idleMs ?? 0);
    idleMs += passed.idleMs ?? 0;
    return backlog.isLikely();
  };
}

test('who never rested may have a backlog', () => {
  const next = loop();
  expect(next({ busyMs: 1 })).toBe(true);
});

test('a rest between two batches speaks for a second', () => {
  const next = loop();
  expect(next({ idleMs: REST_MS })).toBe(false);
  expect(next({ busyMs: BUSY_MS - 1 })).toBe(false);
  expect(next({ busyMs: 1 })).toBe(true);
});

test('waiting a little between any two posts is no rest, however often', () => {
  const next = loop();
  const answers = Array.from({ length: 1_000 }, () => next({ busyMs: 1, idleMs: REST_MS - 1 }));
  expect(answers).not.toContain(false);
});

test('a loop that is blocked does not rest', () => {
  const next = loop();
  expect(next({ busyMs: 10_000 })).toBe(true);
});
