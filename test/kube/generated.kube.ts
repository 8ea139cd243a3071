import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import type { Kube } from '../../collector/kube/kube.ts';
import type { ClusterObjects } from '../../collector/kube/cluster-objects.ts';
import { networkPolicies } from '../../collector/generate/network.ts';
import { learnRecording } from '../../collector/generate/testing/recorded.ts';
import type { Recorded } from '../../collector/generate/testing/recorded.ts';
import type { KubeObject } from './admin.ts';
import { Cluster } from './cluster.ts';

/**
 * The recording's cluster, made anew in a real API server and listed by the product under the
 * shipped role: what comes of it must be what comes of the objects that `kubectl` would have printed.
 */
const cluster = new Cluster();
let recorded: Recorded;
let kube: Kube;
let listed: ClusterObjects;

const OWN = new Set(['default', 'kube-system']);

beforeAll(async () => {
  recorded = learnRecording();
  kube = await cluster.connect();
  for (const item of recorded.objectsJson.items as readonly KubeObject[]) await make(item);
  await vi.waitFor(async () => {
    const outcome = await kube.listObjects();
    if (!outcome.ok) throw new Error(`${outcome.reason}: ${outcome.message}`);
    listed = outcome.value;
  }, { timeout: 20_000, interval: 200 });
}, 240_000);

afterAll(() => cluster.close());

async function make(item: KubeObject): Promise<void> {
  const { admin } = cluster;
  const { kind, metadata } = item;
  const api = kind === 'EndpointSlice' ? 'discovery.k8s.io/v1' : 'v1';
  if (kind === 'Namespace') {
    if (!OWN.has(metadata.name)) await admin.namespace(metadata.name);
    else {
      await admin.ensure({ apiVersion: 'v1', kind: 'ServiceAccount',
        metadata: { name: 'default', namespace: metadata.name } });
    }
    return;
  }
  // The API server has made its own.
  if (metadata.name === 'kubernetes') return;
  const { uid: _, ownerReferences, ...rest } = metadata;
  const owners = (ownerReferences as readonly object[] | undefined)?.map((owner) =>
    ({ apiVersion: 'apps/v1', uid: 'made-up', ...owner }));
  const { status, ...spec } = item as KubeObject &
    { readonly status?: Readonly<Record<string, unknown>> };
  const object = { ...spec, apiVersion: api,
    metadata: { ...rest, ...owners === undefined ? {} : { ownerReferences: owners } } };
  await admin.create(object as KubeObject);
  if (status !== undefined) {
    await admin.patch(object as KubeObject, { status: said(status) }, '/status');
  }
}

/** The API server wants more of a container's status than is looked at. */
function said(status: Readonly<Record<string, unknown>>): object {
  const { containerStatuses, podIP, ...rest } = status;
  if (!Array.isArray(containerStatuses)) return rest;
  const containers = containerStatuses.map((one: object) =>
    ({ image: 'x', ready: true, restartCount: 0, ...one }));
  const conditions = [{ type: 'PodReadyToStartContainers', status: 'True',
    lastTransitionTime: '2026-01-01T00:00:00Z' }];
  return { ...rest, podIP, podIPs: [{ ip: podIP }], conditions, containerStatuses: containers };
}

describe('the cluster, as it is listed', () => {
  test('has every pod with its address, its image’s digest and since when', () => {
    const known = (objects: ClusterObjects) => objects.pods
      .filter(({ namespace }) => ['shop', 'batch'].includes(namespace))
      .map(({ namespace, name, addresses, owner, labels, containers }) =>
        JSON.stringify([namespace, name, addresses, owner, labels,
          containers.map(({ image, digest }) => [image, digest])])).toSorted();
    expect(known(listed).length).toBeGreaterThan(30);
    expect(known(listed)).toEqual(known(recorded.objects));
    const times = listed.pods.filter(({ namespace }) => namespace === 'shop');
    expect(new Set(times.map(({ sinceMs }) => sinceMs)))
      .toEqual(new Set([Date.parse('2026-01-01T00:00:00Z')]));
    expect(times.every(({ uid }) => /^[0-9a-f-]{36}$/.test(uid))).toBe(true);
    expect(listed.services.every(({ sinceMs }) => sinceMs > 0)).toBe(true);
  });

  test.each(['shop', 'batch'])('of %s gives policies that the API server takes', async (namespace) => {
    const options = { namespace, isIncompleteTaken: true };
    // The services were made a moment ago, and the recording is older.
    const services = listed.services.map((service) => ({ ...service, sinceMs: 0 }));
    const { pods, endpoints, nodes, namespaces } = listed;
    const objects = { pods, services, endpoints, nodes, namespaces };
    const { policies, isolation } = networkPolicies(recorded.profiles, objects, options);
    const before = networkPolicies(recorded.profiles, recorded.objects, options);
    expect(policies).toEqual(before.policies);
    expect(isolation).not.toBeNull();
    const { left } = networkPolicies(recorded.profiles, listed, options);
    expect(left.some(({ reason }) => reason === 'unresolved-address')).toBe(true);
    for (const policy of [...policies, isolation]) {
      const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies` +
        '?dryRun=All&fieldValidation=Strict';
      const { status, body } = await cluster.admin.send('POST', path, { value: policy });
      expect({ name: policy?.metadata.name, status, body }).toMatchObject({ status: 201 });
    }
  });

  test('is shown policies in a dry run that does refuse what is none', async () => {
    const { policies: [policy] } = networkPolicies(recorded.profiles, listed,
      { namespace: 'shop', isIncompleteTaken: true });
    const ingress = [{ from: [{ ipBlock: { cidr: 'x' } }] }];
    const path = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies?dryRun=All';
    const value = { ...policy, spec: { ...policy?.spec, ingress } };
    expect((await cluster.admin.send('POST', path, { value })).status).toBe(422);
  });

  test('comes page by page, and none is missing', async () => {
    const namespace = await cluster.admin.namespace('many');
    const names = Array.from({ length: 260 }, (_, index) => `s-${index}`);
    for (const name of names) {
      await cluster.admin.create({ apiVersion: 'v1', kind: 'Service', metadata: { namespace, name },
        spec: { clusterIP: 'None', selector: { app: name }, ports: [{ port: 80 }] } });
    }
    const outcome = await kube.listObjects();
    if (!outcome.ok) throw new Error(outcome.message);
    expect(outcome.value.services.filter((one) => one.namespace === namespace)
      .map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  });
});
