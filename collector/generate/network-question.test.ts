import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Alert } from '../../baseline/alert.ts';
import { FlowLedger } from '../../agent/flows/ledger.ts';
import { readObjects } from '../kube/cluster-objects.ts';
import type { ClusterObjects, PodObject } from '../kube/cluster-objects.ts';
import { changesOf } from '../kube/address-history.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/faces.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import { systemClock } from '../clock.ts';
import { askNetwork } from './network-question.ts';
import type { NetworkAnswer, NetworkSources } from './network-question.ts';
import { NetworkReplay } from './network-replay.ts';
import { causeOf, learnRecording } from './testing/recorded.ts';
import type { Recorded } from './testing/recorded.ts';

/** The recording's own flows, as the agent counts them, through the real store. */
let recorded: Recorded;
let objects: ClusterObjects;
let startMs = 0;
let endMs = 0;

beforeAll(() => {
  recorded = learnRecording();
  const times = recorded.observations.map(({ timeNs }) => Number(timeNs / 1_000_000n));
  startMs = Math.min(...times);
  endMs = Math.max(...times);
  objects = timed(recorded);
}, 120_000);

/** With the times that a kubelet would have written: nobody had an address before they were seen. */
function timed({ everythingJson, observations }: Recorded): ClusterObjects {
  const first = new Map<string, number>();
  for (const { container: { podUid }, timeNs } of observations) {
    if (!first.has(podUid)) first.set(podUid, Number(timeNs / 1_000_000n));
  }
  const items = everythingJson.items.map((item) => {
    const { kind, metadata, status } = item as
      { kind: string; metadata: { uid?: string }; status?: object };
    if (kind === 'Service') {
      const creationTimestamp = new Date(startMs - 86_400_000).toISOString();
      return { ...item, metadata: { ...metadata, uid: `uid-${JSON.stringify(metadata)}`,
        creationTimestamp } };
    }
    if (kind !== 'Pod') return item;
    const since = Math.floor((first.get(metadata.uid ?? '') ?? startMs) / 1_000) * 1_000;
    const conditions = [{ type: 'PodReadyToStartContainers', status: 'True',
      lastTransitionTime: new Date(since).toISOString() }];
    return { ...item, status: { ...status, conditions } };
  });
  const read = readObjects({ items });
  if (!read.ok) throw new Error(read.detail);
  return read.objects;
}

const withoutPods = (isGone: (pod: PodObject) => boolean): ClusterObjects =>
  ({ ...keys(objects), pods: objects.pods.filter((pod) => !isGone(pod)) });
const keys = ({ pods, services, endpoints, nodes, namespaces }: ClusterObjects) =>
  ({ pods, services, endpoints, nodes, namespaces });

describe.each(storeKinds)('network policies with the ledger’s proof on %s', (kind) => {
  let place: StorePlace;
  let store: Store;
  let sequence = 0;

  beforeAll(async () => {
    place = await storePlace(kind);
    store = await openStore({ path: place.path,
      clock: { now: () => endMs, after: systemClock.after.bind(systemClock) } });
    const ledger = new FlowLedger();
    for (const o of recorded.observations) {
      if (o.kind === 'connect' || o.kind === 'accept') ledger.note(o);
    }
    const agent = { cluster: 'bench', node: 'node-a', epoch: 'e' };
    for (const flows of ledger.end(BigInt(endMs + 120_000) * 1_000_000n)) {
      sequence += 1;
      await store.commitBatches([{ ...agent, sequence, alerts: [], gaps: [], flows }]);
    }
    sequence += 1;
    const alerts = [...recorded.alerts];
    await store.commitBatches([{ ...agent, sequence, alerts, gaps: [] }]);
  }, 120_000);

  afterAll(async () => {
    await store.close();
    await place.remove();
  });

  async function ask(
    namespace: string,
    over: Partial<NetworkSources> & { readonly listed?: ClusterObjects } = {},
  ): Promise<NetworkAnswer> {
    const { listed = objects, ...more } = over;
    const asked = await askNetwork({ namespace, days: 1, isIncompleteTaken: true, scope: 'all' }, {
      flows: store,
      objects: { read: async () => ({ ok: true, objects: listed, listedMs: endMs }) },
      pastAddresses: (fromMs) => store.pastAddresses(fromMs),
      learned: async () => recorded.profiles,
      alerts: async (scope) =>
        (await store.pageAlerts({ scope, handling: 'all' }, { limit: 500 })).rows
          .map(({ alert }) => alert),
      cluster: async () => 'bench',
      reachedHere: async () => null,
      nowMs: () => endMs,
      ...more,
    });
    if (!asked.ok) throw new Error(asked.reason);
    return asked.answer;
  }

  test('denies of the ledger what it denies of the events, and nothing normal', async () => {
    for (const namespace of ['shop', 'batch']) {
      const { result, replay, isWhole } = await ask(namespace);
      expect(isWhole).toBe(true);
      const policies = [...result.policies, ...result.isolation === null ? [] : [result.isolation]];
      const own = recorded.observations.filter(({ container }) => container.namespace === namespace);
      const events = new NetworkReplay(objects, policies);
      const normal = own.filter((o) => causeOf(o, recorded) === 'other');
      expect(events.run(normal).denials).toEqual([]);
      expect({ namespace, denied: replay.denied })
        .toEqual({ namespace, denied: events.run(own).denials.length });
      expect(replay.connections).toBe(replay.allowed + replay.denied +
        [...replay.unjudged.values()].reduce((sum, count) => sum + count, 0));
    }
  });

  test('names for each denial its flows, and the alerts behind it', async () => {
    const { replay } = await ask('shop');
    const shown = replay.groups.map(({ address, port, cause }) => `${address}:${port} ${cause}`);
    expect(shown).toContain('203.0.113.10:4444 alert-names-it');
    for (const { flows, alerts, cause, connections } of replay.groups) {
      expect(flows.length).toBeGreaterThan(0);
      expect(connections).toBeGreaterThan(0);
      expect(alerts.size > 0).toBe(cause !== 'none');
    }
    const [one] = replay.groups;
    const { rows } = await store.listFlows({ scope: 'all' }, { limit: 5_000 });
    expect(rows.find(({ number }) => number === one?.flows[0])?.address).toBe(one?.address);
    // What no alert explains is for a person to look at, and comes first.
    const explained = replay.groups.findIndex(({ cause }) => cause !== 'none');
    expect(replay.groups.slice(explained).some(({ cause }) => cause === 'none')).toBe(false);
    expect(replay.deniedAsAttack / replay.denied).toBeGreaterThan(0.9);
  });

  test('a pod that no controller made opens nothing, and holds up what would cut it off', async () => {
    const { result } = await ask('shop');
    const pod = objects.pods.find(({ owner }) => owner === '');
    expect(result.left).toContainEqual({ workload: `kube-system/${pod?.name}`,
      reason: 'alarmed-pod', value: 'no controller made it, and it alarmed: it opens nothing' });
    expect(JSON.stringify(result.policies)).not.toContain(pod?.name);
    // In the namespace itself it would be cut off: somebody has to say what it is.
    const own = { ...pod as PodObject, namespace: 'shop', uid: 'bare' };
    const held = await ask('shop', { listed: { ...withoutPods(() => false),
      pods: [...objects.pods, own] } });
    expect(held.result.isolation).toBeNull();
    const alarm: Alert = { ...recorded.alerts[0] as Alert, podUid: 'bare', kind: 'anomaly',
      severity: 'high' };
    const cut = await ask('shop', { alerts: async () => [alarm],
      listed: { ...withoutPods(() => false), pods: [...objects.pods, own] } });
    expect(cut.result.isolation).not.toBeNull();
  });

  test('pods that are gone are known from the notes, and without them never guessed', async () => {
    const isGone = ({ name }: PodObject): boolean => /^(api|redis|report)/.test(name);
    const left = withoutPods(isGone);
    const whole = await ask('shop');
    const blind = await ask('shop', { listed: left });
    expect(blind.replay.unjudged.get('peer-unknown') ?? 0)
      .toBeGreaterThan(whole.replay.unjudged.get('peer-unknown') ?? 0);
    // One list that shows them, one that does not.
    const first = { listedMs: endMs - 1_000, keptFromMs: 0 };
    await store.noteAddresses(
      changesOf(new Set(), objects, { ...first, lastListedMs: 0 }), first);
    const { open, lastListedMs } = await store.readAddressNotes();
    expect(lastListedMs).toBe(first.listedMs);
    const second = { listedMs: endMs, keptFromMs: 0 };
    await store.noteAddresses(changesOf(open, left, { ...second, lastListedMs }), second);
    const noted = await ask('shop', { listed: left });
    expect(noted.historySinceMs).toBe(first.listedMs);
    expect(noted.replay.unjudged.get('peer-unknown') ?? 0).toBeLessThanOrEqual(
      (whole.replay.unjudged.get('peer-unknown') ?? 0) + 5);
  });

  test('an address that another pod has now is not taken for the one of then', async () => {
    const victim = objects.pods.find(({ name }) => name.startsWith('postgres'));
    const [address = ''] = victim?.addresses ?? [];
    const stranger = { ...victim as PodObject, uid: 'stranger', name: 'stranger-0',
      owner: 'StatefulSet/stranger', labels: { app: 'stranger' }, sinceMs: endMs };
    const listed = { ...withoutPods((pod) => pod === victim),
      pods: [...withoutPods((pod) => pod === victim).pods, stranger] };
    expect(stranger.addresses).toContain(address);
    const { result, replay } = await ask('shop', { listed,
      pastAddresses: async () => ({ spans: [], isPartial: false, sinceMs: null }) });
    expect(JSON.stringify(result.policies)).not.toContain('"peer":"pod shop/stranger');
    expect(replay.groups.every(({ peer }) => !peer.includes('stranger'))).toBe(true);
  });

  test('says how far back it came when there is too much', async () => {
    let calls = 0;
    const answer = await ask('shop', { nowMs: () => (calls += 1) > 2 ? endMs + 60_000 : endMs,
      flows: { listFlows: async (filter, page) =>
        store.listFlows({ ...filter, toMs: endMs }, { ...page, limit: 50 }) } });
    expect(answer.isWhole).toBe(false);
    expect(answer.fromMs).toBeGreaterThan(endMs - 86_400_000);
    expect(answer.replay.flows).toBe(50);
  });

  test('beside other clusters an address counts only where this one’s ledger has it', async () => {
    const { items } = await store.listDestinations({ scope: 'all', cluster: 'bench' });
    const here = new Set(items.map(({ address, port }) => `${address}:${port}`));
    const alone = await ask('shop');
    expect((await ask('shop', { reachedHere: async () => here })).result.policies)
      .toEqual(alone.result.policies);
    const [postgres] = objects.services.filter(({ name }) => name === 'postgres');
    const without = new Set([...here].filter((end) => end !== `${postgres?.addresses[0]}:5432`));
    const { result } = await ask('shop', { reachedHere: async () => without });
    expect(result.left.filter(({ reason }) => reason === 'unresolved-address').map(({ value }) => value))
      .toContainEqual(expect.stringContaining(`${postgres?.addresses[0]}/32 5432/tcp`));
  });

  test('is refused where the cluster cannot be listed, or nobody says which it is', async () => {
    const question = { namespace: 'shop', days: 1, isIncompleteTaken: true, scope: 'all' } as const;
    const sources = {
      flows: store, learned: async () => [], alerts: async () => [], nowMs: () => endMs,
      pastAddresses: (fromMs: number) => store.pastAddresses(fromMs),
      cluster: async () => 'bench',
      reachedHere: async () => null,
      objects: { read: async () =>
        ({ ok: false, reason: 'not-enabled', message: 'off' } as const) },
    };
    expect(await askNetwork(question, sources)).toMatchObject({ reason: 'no-objects' });
    expect(await askNetwork(question, { ...sources, cluster: async () => undefined }))
      .toMatchObject({ reason: 'cluster-unknown' });
    const listed = { read: async () => ({ ok: true, objects, listedMs: 1 } as const) };
    expect(await askNetwork({ ...question, namespace: 'none' }, { ...sources, objects: listed }))
      .toMatchObject({ reason: 'no-such-namespace' });
  });
});
