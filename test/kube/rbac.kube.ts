import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import type { Kube, KubeOutcome } from '../../collector/kube/kube.ts';
import type { KubeObject } from './admin.ts';
import { Cluster } from './cluster.ts';
import { startKubelet } from './kubelet.ts';
import type { Kubelet } from './kubelet.ts';
import { job, pod, service, workload } from './objects.ts';
import { COLLECTOR, RBAC_FILES, shipped } from './shipped-rbac.ts';

/**
 * The shipped roles, unmodified: enough for every call that Lanner makes, and nothing in them is
 * superfluous. Each right (group, resource, verb) is taken away alone, and exactly the calls that
 * need it must be refused.
 */
const ROOT = join(import.meta.dirname, '..', '..');
const NAMESPACE = 'rbac-shop';
const NODE = 'rbac-node';

type Right = `${string}/${string} ${string}`;
type Call = {
  readonly needs: Right | readonly Right[];
  readonly run: (kube: Kube) => Promise<KubeOutcome<unknown>>;
};

const web = { namespace: NAMESPACE, name: 'web-1' };
const dryRun = { dryRun: true };
const addLabel = [{ op: 'add', path: '/metadata/labels/x', value: 'y' }] as const;
const policy = { namespace: NAMESPACE, name: 'lanner-x', labels: {}, matchLabels: { x: 'y' } };
let uids: ReadonlyMap<string, string>;
const uidOf = (name: string): string => uids.get(name) ?? '';
const readController = (kind: Parameters<Kube['readController']>[0]['kind'], name: string) =>
  (kube: Kube) => kube.readController({ kind, namespace: NAMESPACE, name });
const scale = (kind: 'Deployment' | 'StatefulSet', name: string) => (kube: Kube) =>
  kube.setReplicas({ kind, namespace: NAMESPACE, name }, {
    uid: uidOf(name),
    from: 2,
    to: 0,
    dryRun: true,
  });

const calls: Readonly<Record<string, Call>> = {
  readPod: { needs: '/pods get', run: (kube) => kube.readPod(web) },
  readPodManifest: { needs: '/pods get', run: (kube) => kube.readPodManifest(web) },
  deletePod: {
    needs: '/pods delete',
    run: (kube) => kube.deletePod(web, { uid: uidOf('web-1'), graceSeconds: 0, dryRun: true }),
  },
  patchPod: { needs: '/pods patch', run: (kube) => kube.patchPod(web, addLabel, dryRun) },
  readPodLog: {
    needs: '/pods/log get',
    run: (kube) => kube.readPodLog(web, {
      container: 'main',
      previous: false,
      tailLines: 10,
      bytesMax: 1_000,
    }),
  },
  listPodEvents: {
    needs: '/events list',
    run: (kube) => kube.listPodEvents({ ...web, uid: uidOf('web-1') }),
  },
  listServices: { needs: '/services list', run: (kube) => kube.listServices(NAMESPACE) },
  readReplicaSet: { needs: 'apps/replicasets get', run: readController('ReplicaSet', 'web-rs') },
  readDeployment: { needs: 'apps/deployments get', run: readController('Deployment', 'web') },
  readStatefulSet: { needs: 'apps/statefulsets get', run: readController('StatefulSet', 'db') },
  readDaemonSet: { needs: 'apps/daemonsets get', run: readController('DaemonSet', 'log') },
  readJob: { needs: 'batch/jobs get', run: readController('Job', 'report') },
  scaleDeployment: { needs: 'apps/deployments/scale patch', run: scale('Deployment', 'web') },
  scaleStatefulSet: { needs: 'apps/statefulsets/scale patch', run: scale('StatefulSet', 'db') },
  getNetworkPolicy: {
    needs: 'networking.k8s.io/networkpolicies get',
    run: (kube) => kube.getNetworkPolicy({ namespace: NAMESPACE, name: 'allow-web' }),
  },
  createNetworkPolicy: {
    needs: 'networking.k8s.io/networkpolicies create',
    run: (kube) => kube.createNetworkPolicy(policy, dryRun),
  },
  listNetworkPolicies: {
    needs: 'networking.k8s.io/networkpolicies list',
    run: (kube) => kube.listNetworkPolicies(NAMESPACE),
  },
  readNode: { needs: '/nodes get', run: (kube) => kube.readNode(NODE) },
  patchNode: {
    needs: '/nodes patch',
    run: (kube) =>
      kube.patchNode(NODE, [{ op: 'add', path: '/spec/unschedulable', value: true }], dryRun),
  },
  listObjects: {
    needs: ['/pods list', '/services list', '/nodes list', '/namespaces list',
      'discovery.k8s.io/endpointslices list'],
    run: (kube) => kube.listObjects(),
  },
  reviewToken: {
    needs: 'authentication.k8s.io/tokenreviews create',
    run: (kube) => kube.reviewToken('no token', ['lanner-collector']),
  },
};

type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
};

const rules = RBAC_FILES.flatMap(shipped)
  .filter(({ kind }) => kind === 'ClusterRole')
  .flatMap((role) => role['rules'] as readonly Rule[]);
// Services are listed for two reasons: either role may be given without the other.
const rights: readonly Right[] = [...new Set(rules.flatMap(({ apiGroups, resources, verbs }) =>
  apiGroups.flatMap((group) => resources.flatMap((resource) =>
    verbs.map((verb): Right => `${group}/${resource} ${verb}`)))))];
const needsOf = ({ needs }: Call): readonly Right[] => [needs].flat();

function ruleOf(right: Right): Rule {
  const [path = '', verb = ''] = right.split(' ');
  const [group = '', ...resource] = path.split('/');
  return { apiGroups: [group], resources: [resource.join('/')], verbs: [verb] };
}

const cluster = new Cluster();
let kubelet: Kubelet;

beforeAll(async () => {
  const { admin } = cluster;
  await admin.namespace(NAMESPACE);
  kubelet = await startKubelet(admin, NODE);
  kubelet.logs.set(`${NAMESPACE}/web-1/main`, 'hello\n');
  const objects: readonly KubeObject[] = [
    pod(NAMESPACE, 'web-1', { spec: { nodeName: NODE } }),
    workload('ReplicaSet', NAMESPACE, 'web-rs'),
    workload('Deployment', NAMESPACE, 'web'),
    workload('StatefulSet', NAMESPACE, 'db'),
    workload('DaemonSet', NAMESPACE, 'log'),
    job(NAMESPACE, 'report'),
    service(NAMESPACE, 'front'),
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace: NAMESPACE, name: 'allow-web' },
      spec: { podSelector: {}, policyTypes: ['Ingress'] },
    },
  ];
  const created = await Promise.all(objects.map((object) => admin.create(object)));
  uids = new Map(created.map(({ metadata }) => [metadata.name, metadata.uid]));
});

afterAll(async () => {
  await cluster.close();
  await kubelet.close();
});

/** Names of the calls that are refused, for everything else that went wrong an error. */
async function refusedCalls(kube: Kube): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const [name, { run }] of Object.entries(calls)) {
    const outcome = await run(kube);
    if (outcome.ok) continue;
    if (outcome.reason !== 'forbidden') {
      throw new Error(`${name}: ${outcome.reason}: ${outcome.message}`);
    }
    refused.push(name);
  }
  return refused;
}

/** An account of its own with these rights alone. */
async function connectWith(name: string, given: readonly Rule[]): Promise<Kube> {
  const { admin } = cluster;
  const account = { namespace: COLLECTOR.namespace, name };
  const rbac = 'rbac.authorization.k8s.io/v1';
  await admin.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
  await admin.create({
    apiVersion: rbac,
    kind: 'ClusterRole',
    metadata: { name },
    rules: given,
  });
  await admin.create({
    apiVersion: rbac,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  });
  return cluster.connect({ token: await admin.token(account) });
}

// The API server learns of a new role by a watch of its own: a moment later.
const settled = { timeout: 10_000, interval: 100 };

describe('the shipped roles', () => {
  test('are enough for every call', async () => {
    const kube = await cluster.connect();
    await vi.waitFor(async () => expect(await refusedCalls(kube)).toEqual([]), settled);
  });

  test('hold no right that no call needs, and no wildcard', () => {
    const needed = new Set(Object.values(calls).flatMap(needsOf));
    expect([...rights].sort()).toEqual([...needed].sort());
    expect(rights.filter((right) => right.includes('*'))).toEqual([]);
  });

  test('serve only calls that the product makes', async () => {
    const kube = await cluster.connect();
    const sources = globSync('collector/**/*.ts', { cwd: ROOT })
      .filter((path) => !/\.test\.ts$|\/testing\/|\/kube\/client\.ts$/.test(path))
      .map((path) => readFileSync(join(ROOT, path), 'utf8'))
      .join('\n');
    const methods = Object.entries(kube)
      .filter(([, value]) => typeof value === 'function')
      .map(([name]) => name);
    expect(methods.filter((name) => !sources.includes(`kube.${name}(`))).toEqual([]);
    const asked = Object.values(calls).map(({ run }) => String(run)).join('\n');
    const isAsked = (name: string): boolean => asked.includes(`kube.${name}(`);
    // Those that are made through a function with the kind as its parameter.
    const others = ['close', 'readController', 'setReplicas'];
    expect(methods.filter((name) => !isAsked(name) && !others.includes(name))).toEqual([]);
  });

  test.each(rights)('are missed: without %s what needs it is refused, and nothing else', async (
    right,
  ) => {
    const name = `without-${right.replaceAll(/[^a-z]+/g, '-')}`;
    const kube = await connectWith(name, rights.filter((one) => one !== right).map(ruleOf));
    const expected = Object.entries(calls).filter(([, call]) => needsOf(call).includes(right))
      .map(([name]) => name);
    await vi.waitFor(async () => expect(await refusedCalls(kube)).toEqual(expected), settled);
  });

  test('bound in one namespace, let Lanner act there and nowhere else', async () => {
    const { admin } = cluster;
    const account = { namespace: COLLECTOR.namespace, name: 'one-namespace' };
    await admin.namespace('rbac-bank');
    await admin.create(pod('rbac-bank', 'web-1'));
    await admin.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
    await admin.create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { namespace: NAMESPACE, name: 'lanner-collector' },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'lanner-collector',
      },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    });
    const kube = await cluster.connect({ token: await admin.token(account) });
    await vi.waitFor(async () =>
      expect(await kube.readPod(web)).toMatchObject({ ok: true }), settled);
    expect(await kube.patchPod(web, addLabel, dryRun)).toMatchObject({ ok: true });
    expect(await kube.readPod({ ...web, namespace: 'rbac-bank' })).toMatchObject({
      reason: 'forbidden',
      message: expect.stringContaining('cannot get resource "pods"'),
    });
  });
});
