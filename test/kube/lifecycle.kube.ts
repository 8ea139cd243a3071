import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Kube } from '../../collector/kube/kube.ts';
import type { Created } from './admin.ts';
import { Cluster } from './cluster.ts';
import { node, pod, workload } from './objects.ts';

/** What happens to pods and their owners while Lanner acts on them. */
const NAMESPACE = 'lifecycle';
const NODE = 'lifecycle-node';
const cluster = new Cluster();
const { admin } = cluster;
let kube: Kube;

beforeAll(async () => {
  await admin.namespace(NAMESPACE);
  await admin.create(node(NODE));
  kube = await cluster.connect();
});

afterAll(() => cluster.close());

const refOf = ({ metadata }: Created) => ({ namespace: NAMESPACE, name: metadata.name });
const running = (name: string, over: Parameters<typeof pod>[2] = {}) =>
  admin.create(pod(NAMESPACE, name, { ...over, spec: { nodeName: NODE, ...over.spec } }));

describe('a kill', () => {
  test('never reaches the successor of a StatefulSet’s pod, which has its name', async () => {
    const set = await admin.create(workload('StatefulSet', NAMESPACE, 'db'));
    const first = await running('db-0', { labels: { app: 'db' }, owner: set });
    await admin.remove(first);
    const second = await running('db-0', { labels: { app: 'db' }, owner: set });
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    const { uid } = first.metadata;
    for (const dryRun of [true, false]) {
      expect(await kube.deletePod(refOf(first), { uid, graceSeconds: 0, dryRun })).toMatchObject({
        reason: 'conflict',
        message: expect.stringContaining(uid),
      });
    }
    expect((await admin.read(second))?.metadata.uid).toBe(second.metadata.uid);
  });

  test('as a dry run leaves the pod running, not ending', async () => {
    const target = await running('dry');
    const options = { uid: target.metadata.uid, graceSeconds: 0, dryRun: true };
    expect(await kube.deletePod(refOf(target), options)).toEqual({ ok: true, value: null });
    expect(await kube.readPod(refOf(target))).toMatchObject({ value: { isDeleting: false } });
  });

  test('with grace shows as ending until the kubelet confirms; without, it is gone', async () => {
    const target = await running('graceful');
    const { uid } = target.metadata;
    await kube.deletePod(refOf(target), { uid, graceSeconds: 30, dryRun: false });
    expect(await kube.readPod(refOf(target))).toMatchObject({ value: { uid, isDeleting: true } });
    await kube.deletePod(refOf(target), { uid, graceSeconds: 0, dryRun: false });
    expect(await kube.readPod(refOf(target))).toMatchObject({ reason: 'not-found' });
  });

  test('of a pod with a finalizer leaves it ending until the finalizer goes', async () => {
    const target = await running('held', { finalizers: ['example.com/hold'] });
    const { uid } = target.metadata;
    expect(await kube.deletePod(refOf(target), { uid, graceSeconds: 0, dryRun: false }))
      .toMatchObject({ ok: true });
    expect(await kube.readPod(refOf(target))).toMatchObject({
      value: { uid, isDeleting: true, finalizers: ['example.com/hold'] },
    });
    await admin.patch(target, { metadata: { finalizers: null } });
    expect(await kube.readPod(refOf(target))).toMatchObject({ reason: 'not-found' });
  });

  test('is not held back by a disruption budget that holds back an eviction', async () => {
    const target = await running('guarded', { labels: { app: 'guarded' } });
    await admin.patch(target, {
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    }, '/status');
    await admin.create({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { namespace: NAMESPACE, name: 'guarded' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
    });
    const { name, uid } = target.metadata;
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`;
    const evicted = await admin.send('POST', path, {
      value: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } },
    });
    expect(evicted.status).toBe(429);
    expect(await kube.deletePod(refOf(target), { uid, graceSeconds: 0, dryRun: false }))
      .toMatchObject({ ok: true });
    expect(await admin.read(target)).toBeUndefined();
  });
});

describe('a patch', () => {
  test('that somebody else was faster than is a conflict, and changes nothing', async () => {
    const target = await running('raced');
    const read = await kube.readPod(refOf(target));
    if (!read.ok) throw new Error(read.message);
    await admin.patch(target, { metadata: { labels: { other: 'yes' } } });
    const patch = [
      { op: 'test', path: '/metadata/resourceVersion', value: read.value.resourceVersion },
      { op: 'remove', path: '/metadata/labels/app' },
    ] as const;
    expect(await kube.patchPod(refOf(target), patch, { dryRun: false })).toMatchObject({
      reason: 'conflict',
    });
    expect(await kube.readPod(refOf(target))).toMatchObject({
      value: { labels: { app: 'raced', other: 'yes' } },
    });
  });

  test('that makes no valid pod is invalid, with the reason in words', async () => {
    const target = await running('mangled');
    const patch = [{ op: 'add', path: '/metadata/labels/x', value: 'not a label' }] as const;
    expect(await kube.patchPod(refOf(target), patch, { dryRun: false })).toMatchObject({
      reason: 'invalid',
      message: expect.stringContaining('metadata.labels'),
    });
  });
});

describe('what is read', () => {
  test('leads from the pod to ReplicaSet and Deployment, and says how healthy it is', async () => {
    const deployment = await admin.create(
      workload('Deployment', NAMESPACE, 'web', { replicas: 4 }),
    );
    const set = await admin.create(
      workload('ReplicaSet', NAMESPACE, 'web-7d4f', { replicas: 4, owner: deployment }),
    );
    const target = await running('web-7d4f-abcde', { labels: { app: 'web' }, owner: set });
    await admin.patch(target, {
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    }, '/status');
    await admin.patch(deployment, {
      status: { observedGeneration: 1, replicas: 4, readyReplicas: 3, availableReplicas: 2 },
    }, '/status');

    const read = await kube.readPod(refOf(target));
    if (!read.ok) throw new Error(read.message);
    expect(read.value).toMatchObject({ phase: 'Running', isReady: true, nodeName: NODE });
    expect(read.value.owner).toMatchObject({ kind: 'ReplicaSet', uid: set.metadata.uid });
    expect(await kube.readController({ ...refOf(set), kind: 'ReplicaSet' })).toMatchObject({
      value: { owner: { kind: 'Deployment', name: 'web', uid: deployment.metadata.uid } },
    });
    const counts = { desired: 4, ready: 3, available: 2, isObserved: true };
    const ref = { ...refOf(deployment), kind: 'Deployment' } as const;
    expect(await kube.readController(ref)).toMatchObject({ value: counts });
    await admin.patch(deployment, { spec: { replicas: 6 } });
    expect(await kube.readController(ref)).toMatchObject({
      value: { ...counts, desired: 6, isObserved: false },
    });
  });

  test('says that a pod is on the host network, and names its containers', async () => {
    const target = await running('agent', {
      spec: {
        hostNetwork: true,
        initContainers: [{ name: 'setup', image: 'registry.example/setup:1' }],
      },
    });
    expect(await kube.readPod(refOf(target))).toMatchObject({
      value: {
        isHostNetwork: true,
        containers: [{ name: 'setup', kind: 'init' }, { name: 'main', kind: 'container' }],
      },
    });
  });

  test('holds the events of that pod and not those of its predecessor', async () => {
    const target = await running('noisy');
    const event = (name: string, uid: string, message: string) => admin.create({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: NAMESPACE, name },
      involvedObject: { kind: 'Pod', namespace: NAMESPACE, name: 'noisy', uid },
      type: 'Warning',
      reason: 'BackOff',
      message,
      count: 3,
      firstTimestamp: '2026-01-02T03:04:05Z',
      lastTimestamp: '2026-01-02T03:05:05Z',
      source: { component: 'kubelet' },
    });
    await event('noisy.1', target.metadata.uid, 'restarting');
    await event('noisy.0', 'uid-of-predecessor', 'long ago');
    expect(await kube.listPodEvents({ ...refOf(target), uid: target.metadata.uid })).toEqual({
      ok: true,
      value: [{
        type: 'Warning',
        reason: 'BackOff',
        message: 'restarting',
        count: 3,
        firstAt: '2026-01-02T03:04:05.000Z',
        lastAt: '2026-01-02T03:05:05.000Z',
        source: 'kubelet',
      }],
    });
  });

  test('as evidence is the whole manifest, without who manages which field', async () => {
    const target = await running('evidence', { annotations: { note: 'ünïcode' } });
    const manifest = await kube.readPodManifest(refOf(target));
    if (!manifest.ok) throw new Error(manifest.message);
    const { metadata, spec } = JSON.parse(manifest.value) as {
      metadata: Record<string, unknown>;
      spec: { containers: { image: string }[] };
    };
    expect(metadata).toMatchObject({ uid: target.metadata.uid, annotations: { note: 'ünïcode' } });
    expect(metadata).not.toHaveProperty('managedFields');
    expect(spec.containers[0]?.image).toBe('registry.example/shop/web:1.4.2');
  });
});

describe('a network policy', () => {
  const policy = { namespace: NAMESPACE, name: 'lanner-isolate', labels: {} };

  test('made as a dry run is checked in full and not there', async () => {
    const dryRun = { dryRun: true };
    expect(await kube.createNetworkPolicy({ ...policy, matchLabels: { a: 'b' } }, dryRun))
      .toMatchObject({ ok: true, value: { policyTypes: ['Ingress', 'Egress'] } });
    expect(await kube.getNetworkPolicy(policy)).toMatchObject({ reason: 'not-found' });
    expect(await kube.createNetworkPolicy({ ...policy, matchLabels: { a: 'b c' } }, dryRun))
      .toMatchObject({ reason: 'invalid' });
  });

  test('in a namespace that is not there is not found', async () => {
    const nowhere = { ...policy, namespace: 'nowhere', matchLabels: { a: 'b' } };
    expect(await kube.createNetworkPolicy(nowhere, { dryRun: false })).toMatchObject({
      reason: 'not-found',
    });
  });
});
