import { expect, test } from 'vitest';

import type { ProcessNode } from '../../../../collector/api/contract/alert.ts';
import { ROWS_MAX, processRows } from './process-rows.ts';

const node = (name: string, ...children: readonly ProcessNode[]): ProcessNode =>
  ({ pid: 1, name, exe: '', commandLine: '', uid: 0, alertIds: [], behaviours: [], children });

test('the tree is read from the root down, each with its place among its siblings', () => {
  const rows = processRows([node('init', node('a', node('b')), node('c'))], new Set());
  expect(rows.map(({ node: { name }, level, position, siblings }) =>
    [name, level, position, siblings])).toEqual([
    ['init', 1, 1, 1],
    ['a', 2, 1, 2],
    ['b', 3, 1, 1],
    ['c', 2, 2, 2],
  ]);
});

test('what is below a closed one is not shown', () => {
  const rows = processRows([node('init', node('a', node('b')), node('c'))], new Set(['/0/0']));
  expect(rows.map((row) => row.node.name)).toEqual(['init', 'a', 'c']);
});

test('a bomb of forks and a chain without end are bounded', () => {
  const wide = node('init', ...Array.from({ length: 1_000 }, (_, n) => node(String(n))));
  expect(processRows([wide], new Set()).length).toBe(ROWS_MAX);
  let deep = node('leaf');
  for (let n = 0; n < 5_000; n += 1) deep = node('sh', deep);
  expect(processRows([deep], new Set()).length).toBeLessThan(ROWS_MAX);
});
