import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';

import type { Kube } from '../../collector/kube/kube.ts';
import type { Created, KubeObject } from '../kube/admin.ts';
import { Cluster } from '../kube/cluster.ts';
import { node, pod } from '../kube/objects.ts';
import { RBAC_FILES } from '../kube/shipped-rbac.ts';
import { Api } from './api.ts';
import { CHART, Helm } from './helm.ts';
import { Release } from './release.ts';
import { parsedSettings, workloadsOf } from './rendering.ts';

/** What the service accounts of an installed release may do, and what their tokens say. */
const NAMESPACE = 'chart-identity';
const NODE = 'chart-node';
// Of this file alone: nothing here would finish the end of a namespace.
const SHOP = 'identity-shop';
const WEB = 'identity-web';
const folder = mkdtempSync(join(tmpdir(), 'lanner-chart-'));
const kubeconfig = inject('kubeconfig');
const api = new Api(kubeconfig);
const cluster = new Cluster();
const { admin } = cluster;
const release = new Release({
  name: 'lanner',
  namespace: NAMESPACE,
  helm: new Helm(inject('helm'), folder),
  api,
  kubeconfig,
});
const collector = { namespace: NAMESPACE, name: 'lanner-collector' };
// The API server learns of roles and policies by watches of its own: a moment later.
const settled = { timeout: 30_000, interval: 200 };
const everyRight = { collector: { rbac: { scale: true, cordon: true, logs: true, objects: true } } };
let kube: Kube;
let web: Created;

beforeAll(async () => {
  release.install(CHART, everyRight);
  await admin.ensure({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: NAMESPACE },
  });
  for (const name of [SHOP, WEB]) await admin.namespace(name);
  await admin.create(node(NODE));
  web = await admin.create(pod(SHOP, 'web-1'));
  kube = await cluster.connect({ token: await admin.token(collector) });
});

afterAll(async () => {
  release.uninstall();
  await cluster.close();
  rmSync(folder, { recursive: true });
});

describe('an agent’s token', () => {
  async function agentToken(audience: string): Promise<string> {
    const [agent] = workloadsOf(release.objects());
    if (agent?.kind !== 'DaemonSet') throw new Error('no agent');
    const { serviceAccountName } = agent.template.spec;
    const made = await admin.create(pod(NAMESPACE, `lanner-agent-${audience}`, {
      labels: agent.template.metadata.labels,
      spec: { nodeName: NODE, serviceAccountName },
    }));
    return admin.token({ namespace: NAMESPACE, name: serviceAccountName }, {
      audiences: [audience],
      boundObjectRef: {
        apiVersion: 'v1', kind: 'Pod', name: made.metadata.name, uid: made.metadata.uid,
      },
    });
  }

  test('is that of the account which the collector is told to expect, and names the node', async () => {
    const settings = parsedSettings(release.objects(), 'collector') as {
      link: { identity: string; token: { audience: string; serviceAccount: string } };
    };
    const { identity, token: { audience, serviceAccount } } = settings.link;
    expect(identity).toBe('token');
    const token = await agentToken(audience);
    const { isAuthenticated, username, audiences, extra } = await vi.waitFor(async () => {
      const answer = await kube.reviewToken(token, [audience]);
      if (!answer.ok) throw new Error(answer.message);
      return answer.value;
    }, settled);
    expect({ isAuthenticated, username, audiences }).toEqual({
      isAuthenticated: true,
      username: `system:serviceaccount:${serviceAccount.replace('/', ':')}`,
      audiences: [audience],
    });
    expect(extra.get('authentication.kubernetes.io/node-name')).toEqual([NODE]);
  });

  test('for another audience is refused', async () => {
    const token = await agentToken('another');
    expect(await kube.reviewToken(token, ['lanner-collector']))
      .toMatchObject({ ok: true, value: { isAuthenticated: false } });
  });

  test('opens nothing at the API server: agents have no rights', async () => {
    const agent = await cluster.connect({
      token: await admin.token({ namespace: NAMESPACE, name: 'lanner-agent' }),
    });
    expect(await agent.readPod({ namespace: SHOP, name: 'web-1' }))
      .toMatchObject({ ok: false, reason: 'forbidden' });
  });
});

describe('the collector’s account', () => {
  type Role = { readonly metadata: { readonly name: string }; readonly rules: unknown };
  const rolesIn = (objects: readonly KubeObject[]): ReadonlyMap<string, unknown> =>
    new Map(objects.filter(({ kind }) => kind === 'ClusterRole')
      .map((object) => [object.metadata.name, (object as unknown as Role).rules]));

  test('has what deploy/rbac gives, word for word, with every right switched on', () => {
    const shipped = RBAC_FILES.flatMap((file) =>
      parseAllDocuments(readFileSync(join(CHART, '..', '..', 'rbac', file), 'utf8'))
        .map((document) => document.toJS() as KubeObject));
    expect(rolesIn(release.objects())).toEqual(rolesIn(shipped));
  });

  test('may read, label, kill and isolate pods', async () => {
    const { uid } = web.metadata;
    const ref = { namespace: SHOP, name: 'web-1' };
    const options = { uid, graceSeconds: 0, dryRun: true };
    await vi.waitFor(async () =>
      expect(await kube.deletePod(ref, options)).toMatchObject({ ok: true }), settled);
    expect(await kube.patchPod(
      ref,
      [{ op: 'add', path: '/metadata/labels/lanner.dev~1quarantine', value: 'x' }],
      { dryRun: true },
    )).toMatchObject({ ok: true });
    expect(await kube.createNetworkPolicy({
      namespace: SHOP,
      name: 'lanner-x',
      labels: {},
      matchLabels: { 'lanner.dev/quarantine': 'x' },
    }, { dryRun: true })).toMatchObject({ ok: true });
  });

  test('is held by the admission policy: never a pod of Lanner’s own, never a pod’s image', async () => {
    const own = await admin.create(pod(NAMESPACE, 'own'));
    const options = { uid: own.metadata.uid, graceSeconds: 0, dryRun: true };
    await vi.waitFor(async () =>
      expect(await kube.deletePod({ namespace: NAMESPACE, name: 'own' }, options)).toMatchObject({
        ok: false,
        message: expect.stringContaining('does not touch pods'),
      }), settled);
    const image = { op: 'add', path: '/spec/containers/0/image', value: 'other' } as const;
    expect(await kube.patchPod({ namespace: SHOP, name: 'web-1' }, [image], { dryRun: true }))
      .toMatchObject({ ok: false });
  });

  test('bound in one namespace, may act there and nowhere else', async () => {
    release.upgrade(CHART, { collector: { rbac: { namespaces: [WEB] } } });
    await vi.waitFor(async () =>
      expect(await kube.readPod({ namespace: SHOP, name: 'web-1' }))
        .toMatchObject({ reason: 'forbidden' }), settled);
    expect(await kube.readPod({ namespace: WEB, name: 'none' }))
      .toMatchObject({ reason: 'not-found' });
    // Whose token it is, it asks the whole cluster.
    expect(await kube.reviewToken('no token', ['lanner-collector'])).toMatchObject({ ok: true });
  });
});
