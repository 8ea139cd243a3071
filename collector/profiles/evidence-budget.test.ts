import { expect, test } from 'vitest';

import { EVIDENCE_HOUR_MS, EvidenceBudget } from './evidence-budget.ts';

const node = (name: string) => ({ cluster: 'c1', node: name });

test('an agent brings so many keys in an hour; those it named already go on', () => {
  const budget = new EvidenceBudget({ keysMax: 2 });
  expect(budget.take(node('a'), 'k1', 1, 0)).toBeUndefined();
  expect(budget.take(node('a'), 'k2', 1, 1)).toBeUndefined();
  expect(budget.take(node('a'), 'k3', 1, 2)).toBe('too-many-keys');
  expect(budget.take(node('a'), 'k1', 1, 3)).toBeUndefined();
  expect(budget.take(node('b'), 'k3', 1, 4)).toBeUndefined();
  expect(budget.take(node('a'), 'k3', 1, EVIDENCE_HOUR_MS)).toBeUndefined();
});

test('bytes are counted over all keys, and what is refused is not', () => {
  const budget = new EvidenceBudget({ bytesMax: 10 });
  expect(budget.take(node('a'), 'k1', 6, 0)).toBeUndefined();
  expect(budget.take(node('a'), 'k2', 5, 0)).toBe('too-many-bytes');
  expect(budget.take(node('a'), 'k2', 4, 0)).toBeUndefined();
});

test('new profiles have a smaller bound of their own', () => {
  const budget = new EvidenceBudget({ newKeysMax: 1 });
  expect(budget.mayMake(node('a'), 0)).toBe(true);
  budget.noteMade(node('a'), 0);
  expect(budget.mayMake(node('a'), 1)).toBe(false);
  expect(budget.mayMake(node('b'), 1)).toBe(true);
  expect(budget.mayMake(node('a'), EVIDENCE_HOUR_MS)).toBe(true);
});

test('the agents that are remembered are bounded: the oldest hour goes first', () => {
  const budget = new EvidenceBudget({ keysMax: 1, agentsMax: 2 });
  for (const name of ['a', 'b', 'c']) budget.take(node(name), 'k1', 1, 0);
  expect(budget.take(node('c'), 'k2', 1, 1)).toBe('too-many-keys');
  expect(budget.take(node('a'), 'k2', 1, 1)).toBeUndefined();
});
