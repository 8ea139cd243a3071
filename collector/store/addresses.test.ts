import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { uidOf } from '../kube/address-history.ts';
import { AddressKeeper } from '../kube/address-keeper.ts';
import { ObjectReading } from '../kube/cluster-objects.ts';
import type { ClusterObjects, PodObject } from '../kube/cluster-objects.ts';
import { ManualClock } from '../testing/clock.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import type { Store } from './faces.ts';
import { openStore } from './open-store.ts';

const pod = (name: string, address: string, over: Partial<PodObject> = {}): PodObject => ({
  uid: `uid-${name}`, sinceMs: 0, untilMs: Infinity, namespace: 'shop', name, labels: { app: name },
  owner: 'StatefulSet/x', addresses: [address], nodeName: 'n1', isHostNetwork: false, containers: [
    { name: 'main', image: 'r:1', digest: 'sha256:1', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
    { name: 'side', image: 'r:2', digest: '', ports: [] },
  ], ...over,
});

describe.each(storeKinds)('the notes of who had which address on %s', (kind) => {
  let place: StorePlace;
  let store: Store;
  let clock: ManualClock;
  let pods: readonly PodObject[] = [];
  let keeper: AddressKeeper | undefined;
  let isOurs = true;

  beforeAll(async () => {
    place = await storePlace(kind);
  }, 60_000);
  afterAll(() => place.remove());
  beforeEach(async () => {
    await place.empty();
    store = await openStore({ path: place.path });
    clock = new ManualClock();
    isOurs = true;
  }, 60_000);
  afterEach(async () => {
    await keeper?.stop();
    await store.close();
  });

  function start(over: { readonly keptMs?: number; readonly fails?: () => boolean } = {}): void {
    keeper = new AddressKeeper({
      book: { read: async () => {
        if (over.fails?.() === true) {
          return { ok: false, reason: 'unavailable', retryAfterMs: 0, message: 'away' };
        }
        const objects: ClusterObjects = Object.assign(new ObjectReading(), { pods });
        return { ok: true, objects, listedMs: clock.now() };
      } },
      store, clock, log: pino({ level: 'silent' }), everyMs: 60_000,
      keptMs: over.keptMs ?? 86_400_000, isOurs: () => isOurs, onDropped: () => undefined,
    });
    keeper.start();
  }
  async function listed(): Promise<number> {
    const before = (await store.readAddressNotes()).lastListedMs;
    await vi.waitFor(async () => {
      clock.advance(20_000);
      expect((await store.readAddressNotes()).lastListedMs).toBeGreaterThan(before);
    });
    return (await store.readAddressNotes()).lastListedMs;
  }
  const past = async (fromMs = 0) => (await store.pastAddresses(fromMs)).spans.map((span) =>
    [span.address, uidOf(span.owner), span.sinceMs, span.untilMs]);

  test('a pod that went had its address until the last list that showed it', async () => {
    pods = [pod('a', '10.0.0.1', { sinceMs: 5 }), pod('b', '10.0.0.2')];
    start();
    const first = await listed();
    expect(await past()).toEqual([]);
    pods = [pod('b', '10.0.0.2'), pod('c', '10.0.0.1')];
    await listed();
    expect(await past()).toEqual([['10.0.0.1', 'uid-a', 5, first]]);
    const [span] = (await store.pastAddresses(0)).spans;
    expect(span?.owner).toMatchObject({ kind: 'pod', pod: { labels: { app: 'a' }, untilMs: first,
      containers: [{ ports: [{ name: 'http', port: 80 }] }] } });
    expect((await store.readAddressNotes()).open)
      .toEqual(new Set(['10.0.0.1 uid-c', '10.0.0.2 uid-b']));
    expect((await store.pastAddresses(first + 1)).spans).toEqual([]);
    expect((await store.pastAddresses(0)).sinceMs).toBe(first);
  });

  test('a job that has ended is noted with its own times, once', async () => {
    pods = [pod('job', '10.0.0.3', { sinceMs: 100, untilMs: 200 })];
    start();
    await listed();
    await listed();
    expect(await past()).toEqual([['10.0.0.3', 'uid-job', 100, 200]]);
  });

  test('after a restart who is still there had it all the time, and who is not until before it', async () => {
    pods = [pod('a', '10.0.0.1'), pod('b', '10.0.0.2')];
    start();
    const last = await listed();
    await keeper?.stop();
    clock.advance(3_600_000);
    pods = [pod('b', '10.0.0.2')];
    start();
    await listed();
    expect((await past()).map(([address, uid, , until]) => [address, uid, until]))
      .toEqual([['10.0.0.1', 'uid-a', last]]);
    expect((await store.readAddressNotes()).open).toEqual(new Set(['10.0.0.2 uid-b']));
  });

  test('what is older than the flows goes', async () => {
    pods = [pod('job', '10.0.0.3', { sinceMs: 1, untilMs: 2 })];
    start({ keptMs: 1_000 });
    await listed();
    expect(await past()).toEqual([]);
  });

  test('a cluster that is away, or another replica’s turn, notes nothing', async () => {
    pods = [pod('a', '10.0.0.1')];
    let isAway = true;
    start({ fails: () => isAway });
    clock.advance(120_000);
    isOurs = false;
    isAway = false;
    clock.advance(120_000);
    expect((await store.readAddressNotes()).lastListedMs).toBe(0);
    isOurs = true;
    await listed();
  });
});
