import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { AddressHistory, changesOf, spanKey, uidOf } from './address-history.ts';
import type { AddressSpan } from './address-history.ts';
import { ObjectReading } from './cluster-objects.ts';
import type { ClusterObjects, PodObject } from './cluster-objects.ts';

const pod = (uid: string, over: Partial<PodObject> = {}): PodObject => ({
  uid, sinceMs: 0, untilMs: Infinity, namespace: 'shop', name: `pod-${uid}`, labels: {}, owner: '',
  addresses: ['10.0.0.1'], nodeName: '', isHostNetwork: false, containers: [], ...over,
});
const listed = (...pods: readonly PodObject[]): ClusterObjects =>
  Object.assign(new ObjectReading(), { pods });
const span = (uid: string, sinceMs: number, untilMs: number): AddressSpan => ({
  address: '10.0.0.1', sinceMs, untilMs,
  owner: { kind: 'pod', pod: pod(uid, { sinceMs, untilMs }) },
});
const nobody = listed();
const ownerOf = (history: AddressHistory, ms: number): string => {
  const owner = history.at('10.0.0.1', ms);
  return owner === undefined ? 'nobody' : uidOf(owner);
};

describe('who had an address', () => {
  test('is asked for a time: the next pod has the same address', () => {
    const history = new AddressHistory(listed(pod('now', { sinceMs: 300 })), [span('then', 100, 200)]);
    expect([50, 100, 200, 250, 300, 1e9].map((ms) => ownerOf(history, ms)))
      .toEqual(['nobody', 'then', 'then', 'nobody', 'now', 'now']);
    expect(history.now('10.0.0.1')).toMatchObject({ pod: { uid: 'now' } });
    expect(history.now('10.0.0.2')).toBeUndefined();
  });

  test('of two the one that got it last, when the end of the other was not seen', () => {
    const history = new AddressHistory(nobody, [span('b', 200, 900), span('a', 100, 900)]);
    expect([150, 250].map((ms) => ownerOf(history, ms))).toEqual(['a', 'b']);
  });

  test('is never who had it at another time', () => {
    const spans = fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 8 });
    fc.assert(fc.property(spans, fc.nat(45), (times, ms) => {
      const past = times.map(([since, length], index) => span(`u${index}`, since, since + length));
      const owner = new AddressHistory(nobody, past).at('10.0.0.1', ms);
      const held = past.filter(({ sinceMs, untilMs }) => sinceMs <= ms && untilMs >= ms);
      return owner === undefined
        ? held.length === 0
        : held.some((one) => uidOf(one.owner) === uidOf(owner));
    }));
  });

  test('a pod on the host’s network and one that has ended have none now', () => {
    const history = new AddressHistory(listed(pod('host', { isHostNetwork: true }),
      pod('job', { sinceMs: 10, untilMs: 20 })));
    expect(history.now('10.0.0.1')).toBeUndefined();
    expect([15, 25].map((ms) => ownerOf(history, ms))).toEqual(['job', 'nobody']);
  });
});

describe('what a list changes in the notes', () => {
  const times = { listedMs: 1_000, lastListedMs: 900 };

  test('who is new has it since it says, or since the list', () => {
    const { opened, closed } = changesOf(new Set(), listed(pod('a', { sinceMs: 500 }), pod('b'),
      pod('', { name: 'without a uid' })), times);
    expect(opened.map(({ owner, sinceMs }) => [uidOf(owner), sinceMs]))
      .toEqual([['a', 500], ['b', 1_000]]);
    expect(closed).toEqual([]);
  });

  test('who is gone had it until the last list that showed them, or said when they ended', () => {
    const open = new Set(['gone', 'ended', 'here'].map((uid) => spanKey({ address: '10.0.0.1', uid })));
    const { opened, closed } =
      changesOf(open, listed(pod('here'), pod('ended', { untilMs: 950 })), times);
    expect(opened).toEqual([]);
    expect(closed).toEqual([
      { address: '10.0.0.1', uid: 'gone', untilMs: 900 },
      { address: '10.0.0.1', uid: 'ended', untilMs: 950 },
    ]);
  });

  test('the same list again changes nothing', () => {
    const uids = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { maxLength: 6 });
    fc.assert(fc.property(uids, (all) => {
      const objects = listed(...all.map((uid) => pod(uid, { addresses: [`10.0.0.${uid.length}`, 'fd00::1'] })));
      const { opened } = changesOf(new Set(), objects, times);
      const open = new Set(opened.map(({ address, owner }) => spanKey({ address, uid: uidOf(owner) })));
      const again = changesOf(open, objects, { listedMs: 2_000, lastListedMs: 1_000 });
      return again.opened.length === 0 && again.closed.length === 0;
    }));
  });
});
