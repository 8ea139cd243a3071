import fc from 'fast-check';
import { expect, test } from 'vitest';

import { destinationList, destinationsCsv, networksOf } from './destinations.ts';
import type { Destination } from './flow-store.ts';

const one = (over: Partial<Destination> = {}): Destination => ({
  cluster: 'c1',
  namespace: 'shop',
  workload: 'web',
  address: '203.0.113.9',
  port: 443,
  protocol: 'tcp',
  names: [],
  firstMs: 0,
  lastMs: 1,
  ...over,
});

const excluding = (...networks: readonly string[]) => {
  const list = networksOf(networks);
  if (list === null) throw new Error('no networks');
  return list;
};

test('the same destinations are the same bytes in whatever order they come', () => {
  const items = ['203.0.113.10', '203.0.113.9', '9.1.1.1', '2001:db8::1'].flatMap((address) =>
    [443, 80, 8_443].map((port) => one({ address, port, names: ['b', 'a'] })));
  const expected = destinationsCsv(destinationList(items, excluding()), { hasTimes: true });
  expect(expected.split('\r\n')[1]).toContain('9.1.1.1,80');
  fc.assert(fc.property(fc.shuffledSubarray(items, { minLength: items.length }), (shuffled) => {
    expect(destinationsCsv(destinationList(shuffled, excluding()), { hasTimes: true })).toBe(expected);
  }));
});

test('networks of the cluster are left out, and what is no network is refused', () => {
  const items = ['10.244.3.4', '10.96.0.1', '203.0.113.9', '2001:db8::7', 'not-an-address'];
  const left = destinationList(items.map((address) => one({ address })),
    excluding('10.244.0.0/16', '10.96.0.1', '2001:db8::/32'));
  expect(left.map(({ address }) => address)).toEqual(['203.0.113.9', 'not-an-address']);
  for (const wrong of ['10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/8/8', 'shop', '', '::/129']) {
    expect(networksOf([wrong])).toBeNull();
  }
});

test('no cell is a formula, and none breaks out of its place', () => {
  const starts = ['=', '+', '-', '@', '\t=', '\r=', ' =', '\n@'];
  const csv = destinationsCsv(starts.map((start) => one({ workload: `${start}cmd|"x",1` })),
    { hasTimes: true });
  const cells = [...csv.matchAll(/"((?:[^"]|"")*)"/g)].map(([, cell]) => cell ?? '');
  expect(cells).toHaveLength(starts.length);
  expect(cells.every((cell) => cell.startsWith(`'`))).toBe(true);
});

test('without times, what was reached again is the same line', () => {
  const csvOf = (item: Destination): string => destinationsCsv([item], { hasTimes: false });
  expect(csvOf(one({ lastMs: 99 }))).toBe(csvOf(one()));
  expect(csvOf(one())).toBe('cluster,namespace,workload,address,port,protocol,names\r\n' +
    'c1,shop,web,203.0.113.9,443,tcp,\r\n');
});
