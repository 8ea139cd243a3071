import { beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { readObjects } from '../kube/cluster-objects.ts';
import { networkPolicies } from './network.ts';
import type { NetworkResult } from './network.ts';
import { NetworkReplay } from './network-replay.ts';
import { networkYaml, policiesYaml } from './network-text.ts';
import { causeOf, learnRecording } from './testing/recorded.ts';
import type { Recorded } from './testing/recorded.ts';

let recorded: Recorded;
let shop: NetworkResult;
let batch: NetworkResult;

beforeAll(() => {
  recorded = learnRecording();
  const options = { isIncompleteTaken: true };
  shop = networkPolicies(recorded.profiles, recorded.objects, { ...options, namespace: 'shop' });
  batch = networkPolicies(recorded.profiles, recorded.objects, { ...options, namespace: 'batch' });
}, 120_000);

const all = ({ policies, isolation }: NetworkResult) =>
  [...policies, ...isolation === null ? [] : [isolation]];

describe('network policies of the recording', () => {
  test('are the golden ones, for Kubernetes and for Cilium', async () => {
    await expect(networkYaml(shop, 'shop')).toMatchFileSnapshot('golden/network-shop.yaml');
    await expect(networkYaml(batch, 'batch')).toMatchFileSnapshot('golden/network-batch.yaml');
    const cilium = policiesYaml(shop, 'shop', { isCilium: true, lines: [] });
    await expect(cilium).toMatchFileSnapshot('golden/cilium-shop.yaml');
  });

  test('say as YAML what they are', () => {
    const read = parseAllDocuments(networkYaml(shop, 'shop')).map((one) => one.toJS() as unknown);
    expect(read).toEqual(all(shop));
  });

  test('replayed, nothing normal is denied, and attacks reach neither out nor across', () => {
    const replay = new NetworkReplay(recorded.everything, [...all(shop), ...all(batch)]);
    const of = (cause: 'attack' | 'other') =>
      replay.run(recorded.observations.filter((o) => causeOf(o, recorded) === cause));
    const [normal, attacks] = [of('other'), of('attack')];
    expect(normal.denials).toEqual([]);
    expect({ normal: normal.connections, unresolved: normal.unresolved })
      .toEqual({ normal: 5_999, unresolved: 0 });
    const denied = (direction: string) =>
      attacks.denials.filter((denial) => denial.direction === direction).length;
    expect({ egress: denied('egress'), ingress: denied('ingress') })
      .toEqual({ egress: 51, ingress: 48 });
    // The command servers and the metadata service, whatever program asks, each time.
    const asked = (addresses: readonly string[]): number => recorded.observations
      .filter((o) => o.kind === 'connect' && addresses.includes(o.address) &&
        o.container.namespace === 'shop').length;
    const places = ['203.0.113.10', '203.0.113.77', '169.254.169.254'];
    expect(attacks.denials.filter(({ peer }) => places.includes(peer))).toHaveLength(asked(places));
    // And the services that the web server's shell looked at.
    const peers = new Set(attacks.denials.map(({ peer, port }) => `${peer}:${port}`));
    for (const peer of ['203.0.113.10:4444', '203.0.113.10:8000', '169.254.169.254:80',
      '10.96.0.1:443', '10.96.0.83:6379', '10.96.0.84:5432']) expect(peers).toContain(peer);
  });

  test('are left out, with the reason, while the net channel is still learned', () => {
    const { policies, isolation, left } = networkPolicies(recorded.profiles, recorded.objects,
      { namespace: 'shop', isIncompleteTaken: false });
    expect(policies).toEqual([]);
    expect(isolation).toBeNull();
    expect(left.map(({ workload, reason }) => `${workload} ${reason}`)).toEqual([
      'shop isolation', 'shop/api incomplete-channel', 'shop/notifier incomplete-channel',
      'shop/postgres incomplete-channel', 'shop/redis incomplete-channel',
      'shop/web incomplete-channel',
    ]);
  });

  test('one workload without a profile holds up the isolation of its namespace', () => {
    const stranger = {
      kind: 'Pod',
      metadata: { namespace: 'shop', name: 'stranger', labels: { app: 'stranger' } },
      spec: { containers: [{ name: 'main', image: 'elsewhere/unknown:1' }] },
    };
    const objects = readObjects({ items: [...recorded.objectsJson.items, stranger] });
    if (!objects.ok) throw new Error(objects.detail);
    const { policies, isolation, left } = networkPolicies(recorded.profiles, objects.objects,
      { namespace: 'shop', isIncompleteTaken: true });
    expect(policies).toHaveLength(5);
    expect(isolation).toBeNull();
    expect(left).toContainEqual(
      { workload: 'shop/stranger', reason: 'no-profile', value: 'elsewhere/unknown:1' });
  });

  test('have names of their own where a rollout changed the labels of a workload', () => {
    const items = recorded.objectsJson.items.map((item) => {
      const { kind, metadata } = item as { kind: string; metadata: { name: string; labels?: object } };
      const isNewer = kind === 'Pod' && metadata.name.startsWith('web-7k');
      return isNewer
        ? { ...item, metadata: { ...metadata, labels: { ...metadata.labels, version: '2' } } }
        : item;
    });
    const objects = readObjects({ items });
    if (!objects.ok) throw new Error(objects.detail);
    const { policies } = networkPolicies(recorded.profiles, objects.objects,
      { namespace: 'shop', isIncompleteTaken: true });
    const names = policies.map(({ metadata }) => metadata.name);
    expect(names.filter((name) => /^learned-web-[0-9a-f]{8}$/.test(name))).toHaveLength(2);
    expect(new Set(names).size).toBe(6);
  });

  test('do not select a pod that Lanner isolated, since policies only add', () => {
    for (const { spec } of shop.policies) {
      expect(spec.podSelector.matchExpressions)
        .toEqual([{ key: 'lanner.dev/isolated', operator: 'DoesNotExist' }]);
    }
  });
});
