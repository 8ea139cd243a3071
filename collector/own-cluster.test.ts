import { expect, test } from 'vitest';

import { OwnCluster } from './own-cluster.ts';
import { ManualClock } from './testing/clock.ts';

function clusterOf(name: string, clusters: readonly string[]) {
  const known = [...clusters];
  const clock = new ManualClock();
  const store = { listAgents: async () => known.map((cluster) => ({ cluster, node: 'n', epoch: 'e',
    protocol: 1, agentVersion: '', falcoVersion: '', capabilities: [], connectedAtMs: 1,
    lastSeenMs: 1, heartbeat: null })) };
  return { own: new OwnCluster({ name, store, clock }), known, clock };
}

test('a setting says which cluster is ours, whoever connects', async () => {
  const { own } = clusterOf('bank-a', ['bank-b', 'bank-c']);
  expect([await own.isOwn('bank-a'), await own.isOwn('bank-b')]).toEqual([true, false]);
  expect(await own.name()).toBe('bank-a');
});

test('without one it is that of all agents, and nobody’s when a second one comes', async () => {
  const { own, known, clock } = clusterOf('', ['bank-a', 'bank-a']);
  expect([await own.isOwn('bank-a'), await own.isOwn('bank-b')]).toEqual([true, false]);
  known.push('bank-b');
  clock.advance(5_001);
  expect([await own.isOwn('bank-a'), await own.isOwn('bank-b')]).toEqual([false, false]);
  expect(await own.name()).toBeUndefined();
});

test('with no agent there is no other cluster', async () => {
  const { own } = clusterOf('', []);
  expect(await own.isOwn('bank-a')).toBe(true);
  expect(await own.name()).toBe('');
});
