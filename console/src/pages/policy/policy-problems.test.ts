import { expect, test } from 'vitest';

import { hashOf, problemsOf } from './policy-problems.ts';

test('each error of a refused policy is told with its place and what was expected', () => {
  const errors = [
    { source: 'policy.yaml', key: 'rules.0.action', problem: 'is nuke', expected: 'kill or label' },
    { source: 'policy.yaml', key: '', problem: 'cannot be read: ENOENT', expected: '' },
  ];
  expect(problemsOf({ hash: 'abc', errors })).toEqual([
    { key: 'rules.0.action', problem: 'is nuke (kill or label)' },
    { key: '', problem: 'cannot be read: ENOENT' },
  ]);
  expect(hashOf({ hash: 'abc', errors })).toBe('abc');
});

test('a record of another shape has no problems and no hash', () => {
  expect(problemsOf(null)).toEqual([]);
  expect(problemsOf({ errors: 'many' })).toEqual([]);
  expect(problemsOf({ errors: [7, { key: 1 }] })).toEqual([{ key: '', problem: '' }]);
  expect(hashOf({})).toBe('');
});
