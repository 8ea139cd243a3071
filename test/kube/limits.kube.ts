import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Kube, PatchOperation } from '../../collector/kube/kube.ts';
import type { Created } from './admin.ts';
import { Cluster } from './cluster.ts';
import { node, pod } from './objects.ts';

/**
 * deploy/rbac/collector-limits.yaml: what RBAC gives to whoever steals the collector's token, this
 * admission policy takes away, and nothing of what Lanner itself does.
 */
const NAMESPACE = 'limits';
const NODE = 'limits-node';
const cluster = new Cluster();
const { admin } = cluster;
let kube: Kube;
let web: Created;
const ref = { namespace: NAMESPACE, name: 'web' };
const wet = { dryRun: false };

const patchPod = (...patch: readonly PatchOperation[]) => kube.patchPod(ref, patch, wet);
const patchNode = (...patch: readonly PatchOperation[]) => kube.patchNode(NODE, patch, wet);
const refused = (message: string) => ({
  ok: false,
  reason: 'invalid',
  message: expect.stringContaining(message),
});

beforeAll(async () => {
  await admin.namespace(NAMESPACE);
  await admin.ensure({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: 'kube-system', name: 'default' },
  });
  await admin.create(node(NODE));
  web = await admin.create(pod(NAMESPACE, 'web', { annotations: { a: 'b' } }));
  kube = await cluster.connect();
  await cluster.installLimits(kube, ref);
});

afterAll(() => cluster.close());

describe('the collector’s token', () => {
  test('cannot put another image into a pod', async () => {
    const image = { op: 'add', path: '/spec/containers/0/image', value: 'evil' } as const;
    expect(await patchPod(image)).toMatchObject(refused('labels and annotations only'));
  });

  test('cannot take a pod from its owner', async () => {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: web.metadata.uid };
    expect(await patchPod({ op: 'add', path: '/metadata/ownerReferences', value: [owner] }))
      .toMatchObject(refused('owner'));
  });

  test('sets and removes labels and annotations of a pod, and kills it', async () => {
    expect(await patchPod(
      { op: 'add', path: '/metadata/labels/lanner.dev~1isolated', value: 'true' },
      { op: 'remove', path: '/metadata/labels/app' },
      { op: 'add', path: '/metadata/annotations/lanner.dev~1x', value: '{}' },
    )).toMatchObject({ ok: true });
    const target = await admin.create(pod(NAMESPACE, 'victim'));
    expect(await kube.deletePod({ ...ref, name: 'victim' }, {
      uid: target.metadata.uid,
      graceSeconds: 0,
      dryRun: false,
    })).toMatchObject({ ok: true });
  });

  test.each(['kube-system', 'lanner'])('cannot kill or change a pod of %s', async (namespace) => {
    await admin.ensure({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { namespace, name: 'default' },
    });
    const target = await admin.create(pod(namespace, 'limits-target'));
    const { name, uid } = target.metadata;
    expect(await kube.deletePod({ namespace, name }, { uid, graceSeconds: 0, dryRun: false }))
      .toMatchObject(refused('kube-system or its own'));
    expect(await kube.patchPod(
      { namespace, name },
      [{ op: 'add', path: '/metadata/labels/x', value: 'y' }],
      wet,
    )).toMatchObject(refused('kube-system or its own'));
    expect((await admin.read(target))?.metadata.uid).toBe(uid);
  });

  test('cordons and uncordons a node, and does nothing else to it', async () => {
    expect(await patchNode(
      { op: 'add', path: '/metadata/annotations', value: { 'lanner.dev/response': 'r-1' } },
      { op: 'add', path: '/spec/unschedulable', value: true },
    )).toMatchObject({ ok: true, value: { isUnschedulable: true } });
    expect(await patchNode({ op: 'add', path: '/spec/unschedulable', value: false }))
      .toMatchObject({ ok: true, value: { isUnschedulable: false } });
    expect(await patchNode({ op: 'add', path: '/metadata/labels/role', value: 'x' }))
      .toMatchObject(refused('only cordons'));
    const taints = [{ key: 'k', value: 'v', effect: 'NoExecute' }];
    expect(await patchNode({ op: 'add', path: '/spec/taints', value: taints }))
      .toMatchObject(refused('only cordons'));
  });

  test('makes network policies for isolated pods and no others', async () => {
    const policy = { namespace: NAMESPACE, name: 'lanner-isolate-pods', labels: {} };
    expect(await kube.createNetworkPolicy({
      ...policy,
      matchLabels: { 'lanner.dev/isolated': 'true' },
    }, wet)).toMatchObject({ ok: true });
    expect(await kube.createNetworkPolicy({
      ...policy,
      name: 'lanner-all',
      matchLabels: { app: 'web' },
    }, wet)).toMatchObject(refused('isolated only'));
    expect(await kube.createNetworkPolicy({
      ...policy,
      name: 'other',
      matchLabels: { 'lanner.dev/isolated': 'true' },
    }, wet)).toMatchObject(refused('isolated only'));
  });
});

test('everybody else is not concerned', async () => {
  const containers = [{ name: 'main', image: 'registry.example/new:2' }];
  await admin.patch(web, { spec: { containers } });
  await admin.patch({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } }, {
    metadata: { labels: { role: 'x' } },
  });
});
