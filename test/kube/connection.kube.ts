import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';

import type { Kube } from '../../collector/kube/kube.ts';
import { Cluster } from './cluster.ts';
import { networkPolicy, node, pod } from './objects.ts';
import { startProxy } from './proxy.ts';
import type { Proxy } from './proxy.ts';
import { COLLECTOR } from './shipped-rbac.ts';

/** What can go wrong between the collector and the API server, with a real one. */
const NAMESPACE = 'connection';
const NODE = 'connection-node';
const web = { namespace: NAMESPACE, name: 'web' };
const cluster = new Cluster();
const { admin } = cluster;
let proxy: Proxy;

beforeAll(async () => {
  await admin.namespace(NAMESPACE);
  await admin.create(node(NODE));
  await admin.create(pod(NAMESPACE, 'web'));
  proxy = await startProxy(admin);
});

afterAll(async () => {
  await proxy.close();
  await cluster.close();
});

const patiently = { timeout: 30_000, interval: 200 };

/** As the API server would have signed it two hours ago. */
async function expiredToken(): Promise<string> {
  const { uid } = (await admin.read({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: COLLECTOR,
  }))?.metadata ?? {};
  const now = Math.floor(Date.now() / 1_000);
  const issuer = 'https://kubernetes.default.svc.cluster.local';
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'ES256', typ: 'JWT' })}.${part({
    iss: issuer,
    aud: [issuer],
    sub: `system:serviceaccount:${COLLECTOR.namespace}:${COLLECTOR.name}`,
    iat: now - 7_200,
    nbf: now - 7_200,
    exp: now - 3_600,
    'kubernetes.io': {
      namespace: COLLECTOR.namespace,
      serviceaccount: { name: COLLECTOR.name, uid },
    },
  })}`;
  const key = createPrivateKey(readFileSync(inject('tokenKeyFile')));
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

describe.skipIf(inject('tokenKeyFile') === '')('a token that has expired', () => {
  test('is read again from its file, and the request made with the new one', async () => {
    const kube = await cluster.connect({ token: await expiredToken() });
    expect(await kube.readPod(web)).toMatchObject({ reason: 'forbidden', message: 'HTTP 401' });
    // Kubelet writes the new one; the library would find it within a minute.
    writeFileSync(kube.tokenFile, await admin.token(COLLECTOR));
    expect(await kube.readPod(web)).toMatchObject({ ok: true });
  });
});

describe('a token review', () => {
  const agent = { namespace: NAMESPACE, name: 'lanner-agent' };
  const audience = 'lanner-collector';

  test('names account, pod and node of a token bound to a pod, while the pod lives', async () => {
    await admin.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: agent });
    const agentPod = await admin.create(pod(NAMESPACE, 'lanner-agent-x', {
      spec: { nodeName: NODE, serviceAccountName: agent.name },
    }));
    const token = await admin.token(agent, {
      audiences: [audience],
      boundObjectRef: {
        apiVersion: 'v1',
        kind: 'Pod',
        name: agentPod.metadata.name,
        uid: agentPod.metadata.uid,
      },
    });
    const kube = await cluster.connect();
    const review = await kube.reviewToken(token, [audience, 'another']);
    expect(review).toMatchObject({
      ok: true,
      value: {
        isAuthenticated: true,
        username: `system:serviceaccount:${NAMESPACE}:lanner-agent`,
        audiences: [audience],
      },
    });
    const extra = review.ok ? review.value.extra : new Map<string, readonly string[]>();
    expect(extra.get('authentication.kubernetes.io/node-name')).toEqual([NODE]);
    expect(extra.get('authentication.kubernetes.io/pod-name')).toEqual(['lanner-agent-x']);

    expect(await kube.reviewToken(token, ['another'])).toMatchObject({
      ok: true,
      value: { isAuthenticated: false, audiences: [] },
    });
    await admin.remove(agentPod);
    await vi.waitFor(async () =>
      expect(await kube.reviewToken(token, [audience])).toMatchObject({
        ok: true,
        value: { isAuthenticated: false, error: expect.stringContaining('token') },
      }), patiently);
  });
});

describe('too many requests', () => {
  test('are refused by priority and fairness, and how long to wait is handed up', async () => {
    const flow = { apiVersion: 'flowcontrol.apiserver.k8s.io/v1' };
    const kube = await cluster.connect();
    // No seat at all for the collector: of requests at the same time all but one are too many.
    await admin.create({
      ...flow,
      kind: 'PriorityLevelConfiguration',
      metadata: { name: 'no-seats' },
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 0,
          borrowingLimitPercent: 0,
          limitResponse: { type: 'Reject' },
        },
      },
    });
    const schema = await admin.create({
      ...flow,
      kind: 'FlowSchema',
      metadata: { name: 'no-seats' },
      spec: {
        priorityLevelConfiguration: { name: 'no-seats' },
        matchingPrecedence: 2,
        rules: [{
          subjects: [{ kind: 'ServiceAccount', serviceAccount: COLLECTOR }],
          resourceRules: [{
            apiGroups: [''],
            resources: ['pods'],
            verbs: ['*'],
            namespaces: ['*'],
          }],
        }],
      },
    });
    const burst = () => Promise.all(Array.from({ length: 40 }, () => kube.readPod(web)));
    await vi.waitFor(async () => {
      const refused = (await burst()).filter((outcome) => !outcome.ok);
      expect(refused.length).toBeGreaterThan(0);
      for (const one of refused) {
        expect(one).toMatchObject({ reason: 'too-many-requests', retryAfterMs: 1_000 });
      }
    }, patiently);
    await admin.remove(schema);
    await vi.waitFor(async () =>
      expect((await burst()).every(({ ok }) => ok)).toBe(true), patiently);
  });
});

describe('a long list', () => {
  const MANY = 620;
  const namespace = 'connection-many';
  const names = Array.from({ length: MANY }, (_, index) => `p-${String(index).padStart(4, '0')}`);

  beforeAll(async () => {
    await admin.namespace(namespace);
    for (let start = 0; start < MANY; start += 20) {
      await Promise.all(names.slice(start, start + 20).map((name) =>
        admin.create(networkPolicy(namespace, name))));
    }
  });

  const namesOf = async (kube: Kube): Promise<readonly string[]> => {
    const listed = await kube.listNetworkPolicies(namespace);
    if (!listed.ok) throw new Error(listed.message);
    return listed.value.map(({ name }) => name).toSorted();
  };

  test('is read page by page', async () => {
    const lines: string[] = [];
    proxy.onRequest = async (line) => {
      lines.push(line);
      return 'pass';
    };
    const kube = await cluster.connect({ server: proxy.server });
    expect(await namesOf(kube)).toEqual(names);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('continue=');
  });

  test.skipIf(inject('etcdUrl') === '')(
    'whose rest has expired (410) is begun again, and complete',
    async () => {
      await forgetHistory();
      const asked: string[] = [];
      proxy.onRequest = async (line) => {
        const isFirstRest = line.includes('continue=') && !asked.includes('rest');
        asked.push(line.includes('continue=') ? 'rest' : 'begin');
        return isFirstRest ? { path: await expiredRest(line) } : 'pass';
      };
      const kube = await cluster.connect({ server: proxy.server });
      expect(await namesOf(kube)).toEqual(names);
      expect(asked).toEqual(['begin', 'rest', 'begin', 'rest']);
    },
  );

  /** As every five minutes: etcd drops what is no longer current. */
  async function forgetHistory(): Promise<void> {
    const etcd = async (path: string, value: unknown): Promise<unknown> => {
      const body = JSON.stringify(value);
      const answer = await fetch(`${inject('etcdUrl')}/v3${path}`, { method: 'POST', body });
      expect(answer.status).toBe(200);
      return answer.json();
    };
    const { header } = await etcd('/maintenance/status', {}) as { header: { revision: string } };
    await etcd('/kv/compaction', { revision: header.revision, physical: true });
  }

  /** The same request for the rest of a list that was begun before that. */
  async function expiredRest(line: string): Promise<string> {
    const url = new URL(line.split(' ')[1] ?? '/', 'http://kube');
    const token = JSON.parse(
      Buffer.from(url.searchParams.get('continue') ?? '', 'base64url').toString(),
    ) as Record<string, unknown>;
    const expired = Buffer.from(JSON.stringify({ ...token, rv: 2 })).toString('base64url');
    url.searchParams.set('continue', expired);
    const path = url.pathname + url.search;
    expect((await admin.send('GET', path)).status).toBe(410);
    return path;
  }
});

describe('an answer that is cut in the middle', () => {
  test('is a failure to try again, and the next request is served', async () => {
    let cuts = 0;
    proxy.onRequest = async () => (cuts++ === 0 ? 'cut' : 'pass');
    const kube = await cluster.connect({ server: proxy.server });
    expect(await kube.readPod(web)).toMatchObject({ ok: false, reason: 'unavailable' });
    expect(await kube.readPod(web)).toMatchObject({ ok: true });
  });

  test('of a kill leaves open whether it happened; asking again settles it', async () => {
    const target = await admin.create(pod(NAMESPACE, 'cut-kill'));
    const { uid } = target.metadata;
    let cuts = 0;
    proxy.onRequest = async () => (cuts++ === 0 ? 'cut' : 'pass');
    const kube = await cluster.connect({ server: proxy.server });
    const ref = { namespace: NAMESPACE, name: 'cut-kill' };
    const options = { uid, graceSeconds: 0, dryRun: false };
    expect(await kube.deletePod(ref, options)).toMatchObject({ reason: 'unavailable' });
    expect(await kube.deletePod(ref, options)).toMatchObject({ reason: 'not-found' });
  });
});
