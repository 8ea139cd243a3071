import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { connectKube } from '../../collector/kube/client.ts';
import type { Kube, KubeOutcome } from '../../collector/kube/kube.ts';
import { KubeApi } from '../../collector/testing/kube-api.ts';
import type { KubeObject } from './admin.ts';
import { Cluster } from './cluster.ts';
import { startKubelet } from './kubelet.ts';
import type { Kubelet } from './kubelet.ts';
import { job, networkPolicy, pod, service, workload } from './objects.ts';

/**
 * The double of the unit tests and the real API server are asked the same, in the same order, by
 * the same client: what differs but for uids, versions and words would be a lie of the double.
 */
const NAMESPACE = 'contract';
const NODE = 'contract-node';
const cluster = new Cluster();
const double = new KubeApi();
let kubelet: Kubelet;
let sides: readonly Side[];

type Side = { readonly kube: Kube; readonly uids: ReadonlyMap<string, string> };
type Ask = (side: { readonly kube: Kube; readonly uid: string }) => Promise<KubeOutcome<unknown>>;

const objects: readonly KubeObject[] = [
  pod(NAMESPACE, 'web', { annotations: { a: 'b' }, spec: { nodeName: NODE } }),
  pod(NAMESPACE, 'bare', { labels: {}, spec: { hostNetwork: true } }),
  pod(NAMESPACE, 'held', { finalizers: ['example.com/hold'] }),
  pod(NAMESPACE, 'gone-soon'),
  workload('Deployment', NAMESPACE, 'shop', { replicas: 2 }),
  workload('StatefulSet', NAMESPACE, 'db', { replicas: 0 }),
  workload('DaemonSet', NAMESPACE, 'log'),
  job(NAMESPACE, 'report'),
  service(NAMESPACE, 'front'),
  networkPolicy(NAMESPACE, 'allow'),
];

beforeAll(async () => {
  const { admin } = cluster;
  await admin.namespace(NAMESPACE);
  kubelet = await startKubelet(admin, NODE);
  for (const logs of [kubelet.logs, double.logs]) logs.set(`${NAMESPACE}/web/main`, 'hello\n');
  const nodeUid = await admin.read({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } });
  const real = new Map([[NODE, nodeUid?.metadata.uid ?? '']]);
  const made = new Map([[NODE, double.add({
    kind: 'Node',
    metadata: { name: NODE, labels: { 'kubernetes.io/hostname': NODE } },
  })]]);
  for (const object of objects) {
    const { metadata } = await admin.create(object);
    real.set(metadata.name, metadata.uid);
    made.set(metadata.name, double.add(object));
  }
  const { kubeconfig } = cluster.writeKubeconfig('any', { server: await double.start() });
  sides = [
    { kube: await connectKube({ kubeconfig, now: Date.now }), uids: made },
    { kube: await cluster.connect(), uids: real },
  ];
});

afterAll(async () => {
  await sides[0]?.kube.close();
  await double.stop();
  await cluster.close();
  await kubelet.close();
});

const ref = (name: string) => ({ namespace: NAMESPACE, name });
const wet = { dryRun: false };
const dry = { dryRun: true };
const kill = { graceSeconds: 0, dryRun: false };
const isolate = { namespace: NAMESPACE, name: 'lanner-x', labels: { a: 'b' } };
const log = { container: 'main', previous: false, tailLines: 10, bytesMax: 1_000 };

/** In order: later ones see what earlier ones did. The name's first word is the object's. */
const probes: Readonly<Record<string, Ask>> = {
  'web: read': ({ kube }) => kube.readPod(ref('web')),
  'nothing: read': ({ kube }) => kube.readPod(ref('nothing')),
  'bare: read': ({ kube }) => kube.readPod(ref('bare')),
  'web: label': ({ kube, uid }) => kube.patchPod(ref('web'), [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'add', path: '/metadata/labels/lanner.dev~1isolated', value: 'true' },
  ], wet),
  'web: label with the uid of another': ({ kube }) => kube.patchPod(ref('web'), [
    { op: 'test', path: '/metadata/uid', value: 'other' },
    { op: 'remove', path: '/metadata/labels/app' },
  ], wet),
  'web: label that is none': ({ kube }) =>
    kube.patchPod(ref('web'), [{ op: 'add', path: '/metadata/labels/x', value: 'a b' }], wet),
  'web: remove a label that is not there': ({ kube }) =>
    kube.patchPod(ref('web'), [{ op: 'remove', path: '/metadata/labels/none' }], wet),
  'web: replace a label that is not there': ({ kube }) =>
    kube.patchPod(ref('web'), [{ op: 'replace', path: '/metadata/labels/no', value: '' }], wet),
  'bare: label without a map of labels': ({ kube }) =>
    kube.patchPod(ref('bare'), [{ op: 'add', path: '/metadata/labels/x', value: 'y' }], wet),
  'bare: label with the map made first': ({ kube }) => kube.patchPod(ref('bare'), [
    { op: 'add', path: '/metadata/labels', value: {} },
    { op: 'add', path: '/metadata/labels/x', value: 'y' },
  ], dry),
  'web: after the labels': ({ kube }) => kube.readPod(ref('web')),
  'nothing: label': ({ kube }) => kube.patchPod(ref('nothing'), [], wet),
  'gone-soon: kill as another': ({ kube }) =>
    kube.deletePod(ref('gone-soon'), { ...kill, uid: 'other' }),
  'gone-soon: kill, dry': ({ kube, uid }) =>
    kube.deletePod(ref('gone-soon'), { ...kill, uid, dryRun: true }),
  'gone-soon: after the dry run': ({ kube }) => kube.readPod(ref('gone-soon')),
  'gone-soon: kill': ({ kube, uid }) => kube.deletePod(ref('gone-soon'), { ...kill, uid }),
  'gone-soon: kill again': ({ kube, uid }) => kube.deletePod(ref('gone-soon'), { ...kill, uid }),
  'held: kill': ({ kube, uid }) => kube.deletePod(ref('held'), { ...kill, uid }),
  'held: stays, ending': ({ kube }) => kube.readPod(ref('held')),
  'web: kill with grace': ({ kube, uid }) =>
    kube.deletePod(ref('web'), { uid, graceSeconds: 30, dryRun: false }),
  'web: is ending': ({ kube }) => kube.readPod(ref('web')),
  'shop: read': ({ kube }) => kube.readController({ ...ref('shop'), kind: 'Deployment' }),
  'db: read': ({ kube }) => kube.readController({ ...ref('db'), kind: 'StatefulSet' }),
  'log: read': ({ kube }) => kube.readController({ ...ref('log'), kind: 'DaemonSet' }),
  'nothing: read Job': ({ kube }) => kube.readController({ ...ref('nothing'), kind: 'Job' }),
  'shop: scale from another number': ({ kube, uid }) =>
    kube.setReplicas({ ...ref('shop'), kind: 'Deployment' }, { uid, from: 5, to: 0, ...wet }),
  'shop: scale as another': ({ kube }) => kube.setReplicas(
    { ...ref('shop'), kind: 'Deployment' },
    { uid: 'other', from: 2, to: 0, ...wet },
  ),
  'shop: scale, dry': ({ kube, uid }) =>
    kube.setReplicas({ ...ref('shop'), kind: 'Deployment' }, { uid, from: 2, to: 0, ...dry }),
  'shop: scale to zero': ({ kube, uid }) =>
    kube.setReplicas({ ...ref('shop'), kind: 'Deployment' }, { uid, from: 2, to: 0, ...wet }),
  'shop: scale back': ({ kube, uid }) =>
    kube.setReplicas({ ...ref('shop'), kind: 'Deployment' }, { uid, from: 0, to: 2, ...wet }),
  'shop: scale back again': ({ kube, uid }) =>
    kube.setReplicas({ ...ref('shop'), kind: 'Deployment' }, { uid, from: 0, to: 2, ...wet }),
  'db: scale up from zero': ({ kube, uid }) =>
    kube.setReplicas({ ...ref('db'), kind: 'StatefulSet' }, { uid, from: 0, to: 1, ...wet }),
  'nothing: scale': ({ kube }) => kube.setReplicas(
    { ...ref('nothing'), kind: 'Deployment' },
    { uid: 'x', from: 0, to: 1, ...wet },
  ),
  'services: list': ({ kube }) => kube.listServices(NAMESPACE),
  'services: list of no namespace': ({ kube }) => kube.listServices('no-namespace'),
  'events: list': ({ kube, uid }) => kube.listPodEvents({ ...ref('web'), uid }),
  'policy: read none': ({ kube }) => kube.getNetworkPolicy(ref('lanner-x')),
  'policy: create, dry': ({ kube }) =>
    kube.createNetworkPolicy({ ...isolate, matchLabels: { q: '1' } }, dry),
  'policy: create': ({ kube }) =>
    kube.createNetworkPolicy({ ...isolate, matchLabels: { q: '1' } }, wet),
  'policy: create again': ({ kube }) =>
    kube.createNetworkPolicy({ ...isolate, matchLabels: { q: '1' } }, wet),
  'policy: create with a way to forensics': ({ kube }) => kube.createNetworkPolicy({
    ...isolate,
    name: 'lanner-y',
    matchLabels: { q: '2' },
    allowNamespaces: ['forensics'],
  }, wet),
  'policy: read': ({ kube }) => kube.getNetworkPolicy(ref('lanner-y')),
  'policies: list': ({ kube }) => kube.listNetworkPolicies(NAMESPACE),
  'contract-node: read': ({ kube }) => kube.readNode(NODE),
  'contract-node: cordon': ({ kube, uid }) => kube.patchNode(NODE, [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'add', path: '/spec/unschedulable', value: true },
  ], wet),
  'contract-node: uncordon': ({ kube }) =>
    kube.patchNode(NODE, [{ op: 'remove', path: '/spec/unschedulable' }], wet),
  'nothing: read node': ({ kube }) => kube.readNode('nothing'),
  'web: log': ({ kube }) => kube.readPodLog(ref('web'), log),
  'web: log, cut': ({ kube }) => kube.readPodLog(ref('web'), { ...log, bytesMax: 3 }),
  'web: previous log': ({ kube }) => kube.readPodLog(ref('web'), { ...log, previous: true }),
  'token: false': ({ kube }) => kube.reviewToken('no-token', ['lanner-collector']),
};

/** Each API server has its own uids and versions, and its own words for the same. */
function comparable(outcome: KubeOutcome<unknown>, uids: ReadonlyMap<string, string>): unknown {
  const names = new Map([...uids].map(([name, uid]) => [uid, `uid of ${name}`]));
  const text = JSON.stringify(outcome, (key, value: unknown) => {
    if (key === 'resourceVersion' || key === 'message' || key === 'error') return '…';
    return key === 'uid' ? names.get(String(value)) ?? '…' : value;
  });
  return JSON.parse(text) as unknown;
}

describe('the double answers like the real API server', () => {
  test.each(Object.entries(probes))('%s', async (name, ask) => {
    const [first = ''] = name.split(':');
    const answers: unknown[] = [];
    for (const { kube, uids } of sides) {
      answers.push(comparable(await ask({ kube, uid: uids.get(first) ?? '' }), uids));
    }
    expect(answers[0]).toEqual(answers[1]);
  });
});
