import { expect, test } from 'vitest';

import type { DestinationView } from '../../../../collector/api/contract/egress.ts';
import { destinationsFor, excludeOf, newSinceOf } from './destination-rows.ts';

const NOW = Date.UTC(2026, 10, 23);
const destination = (over: Partial<DestinationView>): DestinationView => ({
  cluster: 'c1', namespace: 'shop', workload: 'web', address: '203.0.113.9', port: 443,
  protocol: 'tcp', names: ['pay.example'], firstTime: '2026-11-22T12:00:00Z',
  lastTime: '2026-11-22T13:00:00Z', ...over,
});

test('an address or one of its names is found, in the order of the list', () => {
  const items = [destination({}), destination({ address: '10.0.0.1', names: [] }),
    destination({ address: '203.0.113.10' })];
  expect(destinationsFor(items, '')).toEqual(items);
  expect(destinationsFor(items, ' PAY.')).toEqual([items[0], items[2]]);
  expect(destinationsFor(items, '203.0.113.10')).toEqual([items[2]]);
});

test('what is new since some days is asked for to the hour', () => {
  expect(newSinceOf('7', NOW + 1_800_000)).toBe('2026-11-16T00:00:00.000Z');
  expect(newSinceOf('', NOW)).toBe('');
  expect(newSinceOf('-1', NOW)).toBe('');
});

test('networks that are not wanted go to the collector once they are whole', () => {
  expect(excludeOf('')).toBe('');
  expect(excludeOf(' 10.244.0.0/16, 2001:db8::/32 ,')).toBe('10.244.0.0/16,2001:db8::/32');
  expect(excludeOf('shop')).toBeNull();
  expect(excludeOf(Array(65).fill('10.0.0.1').join(','))).toBeNull();
});
