import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { loadConfig } from '../../config/load.ts';
import { connectKube } from '../kube/client.ts';
import type { Kube } from '../kube/kube.ts';
import { policySchema } from '../policy/policy.ts';
import type { Policy } from '../policy/policy.ts';
import type { Store } from '../store/faces.ts';
import { openStore } from '../store/open-store.ts';
import { anAlert } from '../testing/alerts.ts';
import { ManualClock } from '../testing/clock.ts';
import { KubeApi } from '../testing/kube-api.ts';
import { writeKubeconfig } from '../testing/kubeconfig.ts';
import { anIncident } from '../testing/records.ts';
import { ISOLATED_LABEL, POLICY_NAME } from './labels.ts';
import { Responder } from './responder.ts';
import type { Proposal, ResponderOptions } from './responder.ts';
import type { Response, ResponseAction } from './response.ts';

const log = pino({ level: 'silent' });
let folder: string;
let api: KubeApi;
let kube: Kube;
let store: Store;
let clock: ManualClock;
let responder: Responder;
let ids: number;

function policyOf(text = '{}'): Policy {
  const loaded = loadConfig({
    schema: policySchema,
    file: 'p',
    env: {},
    envPrefix: 'X_',
    readFile: () => text,
  });
  if (!loaded.ok) throw new Error('bad policy');
  return loaded.value;
}

function build(over: Partial<ResponderOptions> = {}): Responder {
  return new Responder({
    store,
    clock,
    log,
    kube,
    policy: policyOf(),
    newId: () => `id-${ids += 1}`,
    onFinished: () => undefined,
    onDecided: () => undefined,
    ...over,
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-respond-'));
  ids = 0;
  clock = new ManualClock();
  api = new KubeApi();
  kube = await connectKube({
    kubeconfig: writeKubeconfig(folder, await api.start()),
    now: () => clock.now(),
  });
  store = await openStore({ path: ':memory:', clock });
  api.addPod('shop', 'web-1', { uid: 'uid-1' });
  responder = build();
  responder.start();
});

afterEach(async () => {
  await responder.stop();
  await store.close();
  await kube.close();
  await api.stop();
  rmSync(folder, { recursive: true });
});

const proposal = (action: ResponseAction, over: Partial<Proposal['target']> = {}): Proposal => ({
  action,
  target: {
    cluster: 'c1',
    namespace: 'shop',
    pod: 'web-1',
    podUid: 'uid-1',
    node: 'n1',
    ...over,
  },
  graceSeconds: 0,
  incidentId: 'incident-1',
  alertId: 'alert-1',
  by: 'ann',
});

async function proposed(wanted: Proposal, by = responder): Promise<string> {
  const result = await by.propose(wanted);
  if (!result.ok) throw new Error(result.reason);
  return result.response.id;
}

const finals = ['verified', 'failed', 'not-executed'];

async function finished(id: string): Promise<Response> {
  let response: Response | undefined;
  await vi.waitUntil(async () => {
    response = await store.readResponse(id);
    return response !== undefined && finals.includes(response.state);
  });
  return response as Response;
}

async function execute(wanted: Proposal): Promise<Response> {
  const id = await proposed(wanted);
  await responder.approve(id, 'bob');
  return finished(id);
}

const changesIn = (): readonly string[] =>
  api.requests.filter((line) => !line.startsWith('GET')).map((line) => line.split('?')[0] ?? '');

describe('kill', () => {
  test('deletes the pod that was meant, after approval, and sees it gone', async () => {
    const id = await proposed(proposal('kill'));
    expect(api.requests).toEqual([]);
    await responder.approve(id, 'bob');
    expect(await finished(id)).toMatchObject({ state: 'verified', approvedBy: 'bob' });
    expect(api.pods.has('shop/web-1')).toBe(false);
    const audit = (await store.listAudit({ limit: 10 })).toReversed();
    expect(audit.map(({ action, actor }) => `${action} ${actor}`)).toEqual([
      'response.propose ann',
      'response.approve bob',
      'response.begin collector',
      'response.succeed collector',
    ]);
  });

  test('never touches the successor of the same name', async () => {
    api.addPod('shop', 'web-1', { uid: 'uid-2' });
    expect(await execute(proposal('kill'))).toMatchObject({
      state: 'not-executed',
      reason: 'pod-replaced',
    });
    expect(api.pods.get('shop/web-1')?.metadata.uid).toBe('uid-2');
    expect(changesIn()).toEqual([]);
  });

  test('waits for a pod that ends gracefully, and says so when it never does', async () => {
    const id = await proposed({ ...proposal('kill'), graceSeconds: 5 });
    await responder.approve(id, 'bob');
    await vi.waitUntil(() => api.pods.get('shop/web-1')?.metadata.deletionTimestamp !== undefined);
    clock.advance(500);
    expect((await store.readResponse(id))?.state).toBe('executing');
    api.finishDeletion();
    await vi.waitUntil(async () => {
      clock.advance(500);
      return (await store.readResponse(id))?.state === 'verified';
    });
    api.addPod('shop', 'web-2', { uid: 'uid-2' });
    const stuck = await proposed({
      ...proposal('kill', { pod: 'web-2', podUid: 'uid-2' }),
      graceSeconds: 5,
    });
    await responder.approve(stuck, 'bob');
    await vi.waitUntil(async () => {
      clock.advance(5_000);
      return (await store.readResponse(stuck))?.state === 'failed';
    });
    expect(await store.readResponse(stuck)).toMatchObject({ reason: 'not-verified' });
    expect(changesIn().length).toBe(2);
  });

  test('a pod that is gone before we begin was not killed by us', async () => {
    api.pods.clear();
    expect(await execute(proposal('kill'))).toMatchObject({
      state: 'not-executed',
      reason: 'pod-gone',
    });
  });

  test('waits as long as the API server asks, a bounded number of times', async () => {
    api.refuse({ times: 2, status: 429, headers: { 'retry-after': '3' }, on: /DELETE/ });
    const id = await proposed(proposal('kill'));
    await responder.approve(id, 'bob');
    await vi.waitUntil(async () => (await store.readResponse(id))?.attempts === 1 &&
      (await store.readResponse(id))?.state === 'approved');
    clock.advance(2_999);
    expect(await store.readResponse(id)).toMatchObject({
      state: 'approved',
      reason: 'too-many-requests',
    });
    await vi.waitUntil(async () => {
      clock.advance(3_000);
      return (await store.readResponse(id))?.state === 'verified';
    });
    api.refuse({ times: 99, status: 503 });
    const other = await proposed(proposal('kill', { podUid: 'uid-9' }));
    await responder.approve(other, 'bob');
    await vi.waitUntil(async () => {
      clock.advance(1_000);
      return (await store.readResponse(other))?.state === 'failed';
    });
    expect(await store.readResponse(other)).toMatchObject({ attempts: 5, reason: 'unavailable' });
  });

  test('a right that is missing is a failure at once, in the words of the API server', async () => {
    api.refuse({ times: 1, status: 403, on: /DELETE/ });
    expect(await execute(proposal('kill'))).toMatchObject({
      state: 'failed',
      reason: 'forbidden',
      detail: 'refused by the test',
      attempts: 1,
    });
  });
});

describe('isolate and release', () => {
  test('makes the policy, then the label; release takes the label off and reverses', async () => {
    const isolated = await execute(proposal('isolate'));
    expect(isolated).toMatchObject({ state: 'verified', warnings: [] });
    expect(changesIn()).toEqual([
      'POST /apis/networking.k8s.io/v1/namespaces/shop/networkpolicies',
      'PATCH /api/v1/namespaces/shop/pods/web-1',
    ]);
    expect(api.pods.get('shop/web-1')?.metadata.labels).toEqual({
      app: 'web-1',
      [ISOLATED_LABEL]: 'true',
    });
    expect(api.policies.get(`shop/${POLICY_NAME}`)?.spec).toEqual({
      podSelector: { matchLabels: { [ISOLATED_LABEL]: 'true' } },
      policyTypes: ['Ingress', 'Egress'],
    });
    expect(await responder.propose(proposal('isolate'))).toEqual({
      ok: false,
      reason: 'exists',
      id: isolated.id,
    });
    expect(await execute(proposal('release'))).toMatchObject({ state: 'verified' });
    expect(api.pods.get('shop/web-1')?.metadata.labels).toEqual({ app: 'web-1' });
    expect((await store.readResponse(isolated.id))?.state).toBe('reversed');
    expect(await execute(proposal('isolate'))).toMatchObject({ state: 'verified' });
    expect(await execute(proposal('release'))).toMatchObject({ state: 'verified' });
    expect(await execute(proposal('release'))).toMatchObject({ reason: 'not-isolated' });
  });

  test('a pod without any label gets one', async () => {
    api.addPod('shop', 'web-1', { uid: 'uid-1', labels: null });
    expect(await execute(proposal('isolate'))).toMatchObject({ state: 'verified' });
    expect(api.pods.get('shop/web-1')?.metadata.labels).toEqual({ [ISOLATED_LABEL]: 'true' });
  });

  test('a policy of that name that is not ours is left alone, nothing is labelled', async () => {
    api.addPolicy('shop', POLICY_NAME, { podSelector: {}, policyTypes: ['Ingress'] });
    const before = structuredClone(api.policies.get(`shop/${POLICY_NAME}`));
    expect(await execute(proposal('isolate'))).toMatchObject({
      state: 'failed',
      reason: 'foreign-policy',
    });
    expect(api.policies.get(`shop/${POLICY_NAME}`)).toEqual(before);
    expect(changesIn()).toEqual([]);
  });

  test('says which other policy still lets traffic through', async () => {
    api.addPolicy('shop', 'allow-web', {
      podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web-1'] }] },
      policyTypes: ['Ingress'],
      ingress: [{}],
    });
    api.addPolicy('shop', 'allow-db', {
      podSelector: { matchLabels: { app: 'db' } },
      policyTypes: ['Ingress'],
      ingress: [{}],
    });
    const { warnings } = await execute(proposal('isolate'));
    expect(warnings).toEqual([
      'network policy allow-web selects this pod too and still allows traffic',
    ]);
  });

  test('a pod on the host network is refused with the reason', async () => {
    api.addPod('shop', 'web-1', { uid: 'uid-1', spec: { hostNetwork: true } });
    expect(await execute(proposal('isolate'))).toMatchObject({
      state: 'not-executed',
      reason: 'host-network',
    });
    expect(changesIn()).toEqual([]);
  });

  test('never labels the successor of the same name', async () => {
    api.addPod('shop', 'web-1', { uid: 'uid-2' });
    expect(await execute(proposal('label'))).toMatchObject({ reason: 'pod-replaced' });
    expect(changesIn()).toEqual([]);
  });
});

describe('limits', () => {
  test('no more actions per namespace and window than the budget, releases aside', async () => {
    await responder.stop();
    responder = build({ policy: policyOf('budget: { actionsMax: 2, windowSeconds: 60 }') });
    responder.start();
    const run = async (n: number, action: ResponseAction, namespace = 'shop') => {
      if (!api.pods.has(`${namespace}/p${n}`)) api.addPod(namespace, `p${n}`, { uid: `u${n}` });
      const { state, reason } = await execute(
        proposal(action, { namespace, pod: `p${n}`, podUid: `u${n}` }),
      );
      return `${state} ${reason}`.trim();
    };
    expect(await run(1, 'label')).toBe('verified');
    expect(await run(1, 'release')).toBe('verified');
    const burst = await Promise.all([run(2, 'kill'), run(3, 'kill'), run(4, 'kill')]);
    expect(burst.toSorted()).toEqual([
      'not-executed budget',
      'not-executed budget',
      'verified',
    ]);
    expect(await run(5, 'kill', 'bank')).toBe('verified');
    clock.advance(61_000);
    expect(await run(6, 'kill')).toBe('verified');
  });

  test('protected namespaces are refused at proposal, dry run and execution', async () => {
    const target = { namespace: 'kube-system', pod: 'dns', podUid: 'u' };
    expect(await responder.propose(proposal('kill', target))).toEqual({
      ok: false,
      reason: 'protected-namespace',
    });
    expect(await responder.dryRunProposal(proposal('kill', target))).toEqual({
      ok: false,
      reason: 'protected-namespace',
    });
    const id = await proposed(proposal('kill'));
    await responder.stop();
    responder = build({ policy: policyOf('protectedNamespaces: [shop]') });
    responder.start();
    await responder.approve(id, 'bob');
    expect(await finished(id)).toMatchObject({
      state: 'not-executed',
      reason: 'protected-namespace',
    });
    expect(api.requests).toEqual([]);
  });

  test('without a cluster a response is recorded as not executed', async () => {
    await responder.stop();
    responder = build({ kube: undefined });
    responder.start();
    expect(await execute(proposal('kill'))).toMatchObject({
      state: 'not-executed',
      reason: 'no-cluster',
      detail: 'not executed: no cluster',
    });
    expect(await responder.dryRunProposal(proposal('kill'))).toMatchObject({
      reason: 'no-cluster',
    });
  });

  test('a proposal expires, and a rejected one is not executed', async () => {
    const id = await proposed(proposal('kill'));
    const rejected = await proposed(proposal('label'));
    expect((await responder.reject(rejected, 'bob')).ok).toBe(true);
    expect(await responder.approve(rejected, 'bob')).toEqual({
      ok: false,
      reason: 'wrong-state',
    });
    clock.advance(3_600_000);
    expect(await responder.approve(id, 'bob')).toEqual({ ok: false, reason: 'expired' });
    await vi.waitUntil(async () => {
      clock.advance(10_000);
      return (await store.readResponse(id))?.state === 'expired';
    });
    expect(await responder.approve('nobody', 'bob')).toEqual({ ok: false, reason: 'not-found' });
    expect(changesIn()).toEqual([]);
  });

  test('a dry run asks with dryRun=All, is audited, and changes nothing', async () => {
    const id = await proposed(proposal('kill'));
    expect(await responder.dryRun(id, 'ann')).toMatchObject({
      ok: true,
      outcome: { kind: 'done' },
    });
    expect(await responder.dryRunProposal(proposal('isolate'))).toMatchObject({
      ok: true,
      outcome: { kind: 'done' },
    });
    expect((await store.readResponse(id))?.state).toBe('proposed');
    expect(api.pods.get('shop/web-1')?.metadata.labels).toEqual({ app: 'web-1' });
    expect(api.policies.size).toBe(0);
    const audit = await store.listAudit({ limit: 2 });
    expect(audit.map(({ action }) => action)).toEqual(['response.dry-run', 'response.dry-run']);
  });
});

describe('the policy', () => {
  const alert = anAlert({ pod: 'web-1', podUid: 'uid-1', severity: 'critical' });

  test('proposes once, however often the same alert is considered', async () => {
    await responder.consider(anIncident(), alert);
    await responder.consider(anIncident({ revision: 2 }), alert);
    const rows = await store.listResponses({}, { limit: 10 });
    expect(rows.map(({ response }) => `${response.action} ${response.state}`))
      .toEqual(['kill proposed']);
    expect(api.requests).toEqual([]);
  });

  test('acts at once where it says so, also after dying between proposal and approval', async () => {
    await responder.consider(anIncident(), alert);
    await responder.stop();
    responder = build({
      policy: policyOf('rules: [{ name: r, match: {}, mode: act, action: kill }]'),
    });
    responder.start();
    await responder.consider(anIncident(), alert);
    const [row] = await store.listResponses({}, { limit: 1 });
    expect(await finished(row?.response.id ?? '')).toMatchObject({
      state: 'verified',
      approvedBy: 'policy:r',
    });
  });
});

describe('a collector that dies', () => {
  class Crash extends Error {}

  /** Every call counts; from call number `at` on, everything fails: before or after its effect. */
  function dying(at: number, when: 'before' | 'after') {
    let calls = 0;
    const wrap = <T extends object>(target: T): T =>
      new Proxy(target, {
        get: (object, key) => {
          const value: unknown = Reflect.get(object, key);
          if (typeof value !== 'function') return value;
          return async (...parameters: unknown[]) => {
            calls += 1;
            if (calls > at || (calls === at && when === 'before')) throw new Crash();
            const result: unknown = await Reflect.apply(value, object, parameters);
            if (calls >= at) throw new Crash();
            return result;
          };
        },
      });
    return { wrap, died: () => calls >= at };
  }

  test.each(['kill', 'isolate'] as const)('at any step of %s finishes it after its restart, once',
    async (action) => {
      let isThrough = false;
      let steps = 0;
      for (let at = 1; !isThrough; at += 1) {
        for (const when of ['before', 'after'] as const) {
          const name = `p-${at}-${when}`;
          const uid = `u-${name}`;
          // A namespace of its own, so that the budget is not what stops it.
          api.addPod(name, name, { uid });
          const id = await proposed(proposal(action, { namespace: name, pod: name, podUid: uid }));
          await responder.approve(id, 'bob').then(() => responder.stop());
          // Approved, and the first responder stopped at some point; go on with one that dies.
          const death = dying(at, when);
          const doomed = build({ store: death.wrap(store), kube: death.wrap(kube) });
          doomed.start();
          await vi.waitUntil(async () =>
            death.died() || finals.includes((await store.readResponse(id))?.state ?? ''));
          isThrough = !death.died();
          await doomed.stop();
          responder = build();
          responder.start();
          expect(await finished(id)).toMatchObject({ state: 'verified' });
          const pod = api.pods.get(`${name}/${name}`);
          const isEffective = action === 'kill'
            ? pod === undefined
            : pod?.metadata.labels?.[ISOLATED_LABEL] === 'true';
          expect(isEffective).toBe(true);
          const deletes = api.requests.filter((line) =>
            line.startsWith(`DELETE /api/v1/namespaces/${name}/`));
          expect(deletes.length).toBeLessThanOrEqual(1);
          steps += 1;
        }
      }
      expect(steps).toBeGreaterThan(5);
    });
});
