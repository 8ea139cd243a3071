import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Kube } from '../../collector/kube/kube.ts';
import { RespondRig } from '../../collector/testing/respond-rig.ts';
import type { Created } from './admin.ts';
import { Cluster } from './cluster.ts';
import { startKubelet } from './kubelet.ts';
import type { Kubelet } from './kubelet.ts';
import { pod, service, workload } from './objects.ts';

/**
 * The responder, its store and its policy as they run, on a real API server with nothing but the
 * shipped roles and limits: each action on a cluster object, and its way back.
 */
const NAMESPACE = 'responder';
const NODE = 'responder-node';
const cluster = new Cluster();
const { admin } = cluster;
let kube: Kube;
let kubelet: Kubelet;
let rig: RespondRig;
let deployment: Created;
let set: Created;

beforeAll(async () => {
  await admin.namespace(NAMESPACE);
  kubelet = await startKubelet(admin, NODE);
  deployment = await admin.create(workload('Deployment', NAMESPACE, 'web', { replicas: 4 }));
  set = await admin.create(workload('ReplicaSet', NAMESPACE, 'web-h1', {
    replicas: 4,
    owner: deployment,
  }));
  for (const object of [deployment, set]) {
    await admin.patch(object, {
      status: { observedGeneration: 1, replicas: 4, readyReplicas: 4, availableReplicas: 4 },
    }, '/status');
  }
  await admin.create(service(NAMESPACE, 'front', { app: 'web' }));
  kube = await cluster.connect();
  await admin.create(pod(NAMESPACE, 'probe'));
  await cluster.installLimits(kube, { namespace: NAMESPACE, name: 'probe' });
});

afterAll(async () => {
  await cluster.close();
  await kubelet.close();
});

beforeEach(async () => {
  rig = await RespondRig.start('watchSeconds: 0\nscaleToZero: true\ncordon: true\n');
  await rig.restart({ kube });
});

afterEach(() => rig.stop());

async function runningPod(name: string, spec: Record<string, unknown> = {}): Promise<Created> {
  const created = await admin.create(pod(NAMESPACE, name, {
    labels: { app: 'web', team: 'pay' },
    owner: set,
    spec: { nodeName: NODE, ...spec },
  }));
  await admin.patch(created, {
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  }, '/status');
  kubelet.logs.set(`${NAMESPACE}/${name}/main`, 'one line\n');
  return created;
}

const over = ({ metadata }: Created) => ({
  target: { namespace: NAMESPACE, pod: metadata.name, podUid: metadata.uid, node: NODE },
});
const run = async (
  action: Parameters<RespondRig['approved']>[0],
  target: Created,
): Promise<string> => {
  const id = await rig.approved(action, over(target));
  await rig.finished(id, 100);
  return id;
};

async function undo(id: string): Promise<void> {
  const undone = await rig.responder.undo(id, { by: 'ann', why: 'a test' });
  if (!undone.ok) throw new Error(undone.reason);
  await rig.responder.approve(undone.response.id, 'bob');
  await rig.finished(undone.response.id, 100);
  expect(await rig.state(undone.response.id)).toBe('verified');
}

describe('on a real API server', () => {
  test('kill collects evidence, deletes the pod and no other', async () => {
    const target = await runningPod('web-kill');
    const id = await rig.approved('kill', { ...over(target), terms: { graceSeconds: 0 } });
    const response = await rig.finished(id, 100);
    expect(response.state).toBe('verified');
    expect(await admin.read(target)).toBeUndefined();
    // What could not be had says why; what the cluster has is there: manifest, events, log.
    const kept = response.evidence.filter(({ problem }) => problem === '').map(({ name }) => name);
    expect(kept).toEqual(expect.arrayContaining(['manifest.json', 'events.json', 'log.main.txt']));
  });

  test('kill skips the successor that has the name', async () => {
    const first = await runningPod('web-again');
    await admin.remove(first);
    const second = await runningPod('web-again');
    const id = await run('kill', first);
    expect(await rig.state(id)).toBe('not-executed pod-replaced');
    expect((await admin.read(second))?.metadata.uid).toBe(second.metadata.uid);
  });

  test('isolate detaches the pod, makes the policy, and release takes it back', async () => {
    const target = await runningPod('web-isolate');
    const id = await run('isolate', target);
    expect(await rig.state(id)).toBe('verified');
    const isolated = (await admin.read(target))?.metadata['labels'] as Record<string, string>;
    expect(isolated).not.toHaveProperty('app');
    expect(isolated).toHaveProperty(['lanner.dev/isolated']);
    const policies = await kube.listNetworkPolicies(NAMESPACE);
    expect(policies.ok && policies.value.map(({ name }) => name)).toEqual(['lanner-isolate-pods']);

    await undo(id);
    expect((await admin.read(target))?.metadata['labels']).toEqual({ app: 'web', team: 'pay' });
  });

  test('isolate refuses a pod on the host network', async () => {
    const target = await runningPod('web-host', { hostNetwork: true });
    expect(await rig.state(await run('isolate', target))).toBe('not-executed host-network');
  });

  test('label marks the pod', async () => {
    const target = await runningPod('web-label');
    expect(await rig.state(await run('label', target))).toBe('verified');
    expect((await admin.read(target))?.metadata['labels']).toHaveProperty(['lanner.dev/suspect']);
  });

  test('cordon keeps pods off the node until it is undone', async () => {
    const target = await runningPod('web-cordon');
    const id = await run('cordon', target);
    expect(await rig.state(id)).toBe('verified');
    expect(await kube.readNode(NODE)).toMatchObject({ value: { isUnschedulable: true } });
    await undo(id);
    expect(await kube.readNode(NODE)).toMatchObject({ value: { isUnschedulable: false } });
  });

  test('scale-to-zero changes the Deployment’s number alone, and back', async () => {
    const target = await runningPod('web-scale');
    const spec = (await admin.read(deployment))?.['spec'] as Record<string, unknown>;
    const id = await run('scale-to-zero', target);
    expect(await rig.state(id)).toBe('verified');
    expect((await admin.read(deployment))?.['spec']).toEqual({ ...spec, replicas: 0 });
    await undo(id);
    expect((await admin.read(deployment))?.['spec']).toEqual(spec);
  });
});
