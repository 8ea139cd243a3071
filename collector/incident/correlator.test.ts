import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/faces.ts';
import { anAlert } from '../testing/alerts.ts';
import { ManualClock } from '../testing/clock.ts';
import { Correlator, GATHER_MS } from './correlator.ts';

const log = pino({ level: 'silent' });
const settings = { windowMs: 600_000, behaviourPods: 3, coolDownMs: 900_000 };
const clock = new ManualClock(Date.parse('2026-03-01T10:00:00Z'));
let store: Store;
let sequence = 0;

beforeEach(async () => {
  store = await openStore({ path: ':memory:', clock });
});

afterEach(() => store.close());

const commit = (over: Parameters<typeof anAlert>[0]) => {
  sequence += 1;
  return store.commitBatches([{
    cluster: 'c1',
    node: 'n1',
    epoch: 'e',
    sequence,
    alerts: [anAlert(over)],
    gaps: [],
  }]);
};

const build = (onGrown: () => Promise<void> = async () => undefined): Correlator => {
  const correlator = new Correlator({
    store,
    clock,
    log,
    settings,
    onGrown,
    onEffects: () => undefined,
  });
  store.onChange(() => correlator.wake());
  return correlator;
};

const incidentCount = async (): Promise<number> =>
  (await store.listIncidents({}, { limit: 100 })).length;

test('alerts committed before and after the start end up in incidents', async () => {
  await commit({ id: 'a' });
  const correlator = build();
  await correlator.start();
  await commit({ id: 'b', podUid: 'u2', behaviours: [] });
  await vi.waitUntil(async () => {
    clock.advance(GATHER_MS);
    return await incidentCount() === 2;
  });
  expect((await store.readAlert('b'))?.incidentId).toBe('incident-b');
  expect(await store.uncorrelatedAlerts(10)).toEqual([]);
  await correlator.stop();
});

test('while alerts keep coming they are gathered, and what is urgent is not', async () => {
  const correlator = build();
  await correlator.start();
  await commit({ id: 'a' });
  clock.advance(GATHER_MS);
  await vi.waitUntil(async () => await incidentCount() === 1);
  const reads = vi.spyOn(store, 'uncorrelatedAlerts');
  for (const id of ['b', 'c', 'd']) await commit({ id, podUid: `u-${id}`, behaviours: [] });
  expect(reads).not.toHaveBeenCalled();
  correlator.wake({ isUrgent: true });
  await vi.waitUntil(async () => await incidentCount() === 4);
  await commit({ id: 'e', podUid: 'u-e', behaviours: [] });
  clock.advance(GATHER_MS);
  await vi.waitUntil(async () => await incidentCount() === 5);
  await correlator.stop();
});

test('when what follows an incident fails, the alert is correlated again, and once', async () => {
  let failures = 1;
  const seen: number[] = [];
  const correlator = build(async () => {
    if (failures > 0) {
      failures -= 1;
      throw new Error('store-write');
    }
    seen.push(1);
  });
  await correlator.start();
  await commit({ id: 'a' });
  clock.advance(GATHER_MS);
  await vi.waitUntil(() => failures === 0 && clock.pending > 1);
  expect(await incidentCount()).toBe(0);
  clock.advance(1_000);
  await vi.waitUntil(async () => await incidentCount() === 1);
  expect(seen).toEqual([1]);
  await correlator.stop();
});

test('an incident open before a restart goes on, and closes when it is quiet', async () => {
  const first = build();
  await first.start();
  await commit({ id: 'a' });
  clock.advance(GATHER_MS);
  await vi.waitUntil(async () => await incidentCount() === 1);
  await first.stop();
  const second = build();
  await second.start();
  await commit({ id: 'b' });
  await vi.waitUntil(async () => {
    clock.advance(GATHER_MS);
    return (await store.readIncident('incident-a'))?.incident.alertCount === 2;
  });
  clock.advance(700_000);
  await vi.waitUntil(async () => {
    clock.advance(10_000);
    return (await store.readIncident('incident-a'))?.incident.state === 'closed';
  });
  expect(second.openCount).toBe(0);
  await second.stop();
});
