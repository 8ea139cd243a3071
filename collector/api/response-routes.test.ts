import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { asSomebody, authorized } from '../testing/principals.ts';
import { anAlert } from '../testing/alerts.ts';
import { KubeApi } from '../testing/kube-api.ts';
import { writeKubeconfig } from '../testing/kubeconfig.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import { TestAgent } from '../testing/test-agent.ts';

/** The routes on a whole collector, with a cluster double, an agent on the link and a policy. */
type Json = Record<string, unknown>;
type Reply = { readonly status: number; readonly body: Json };

let folder: string;
let api: KubeApi;
let agent: TestAgent;
let collector: TestCollector;

const POLICY = `
fourEyes: [isolate]
watchSeconds: 0
rules: [{ name: none, match: { severityMin: critical, scoreMin: 100 }, action: label }]
`;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-routes-'));
  api = new KubeApi();
  const kubeconfig = writeKubeconfig(folder, await api.start());
  api.addPod('shop', 'web-1', { uid: 'uid-1' });
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
  collector = await startTestCollector({
    yaml: `
kube: { mode: kubeconfig, kubeconfig: ${kubeconfig} }
policy: { file: ${join(folder, 'policy.yaml')} }
`,
  });
  agent = new TestAgent(collector.addresses.link);
  agent.hello();
  await agent.frame('welcome');
  agent.send({ kind: 'alerts', epoch: 'e1', sequence: 1, gaps: [],
    alerts: [anAlert({ pod: 'web-1' })] });
  await agent.frame('ack');
});

afterEach(async () => {
  agent.cut();
  await collector.stop();
  await api.stop();
  rmSync(folder, { recursive: true });
});

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers = authorized(collector),
): Promise<Reply> {
  const response = await fetch(collector.addresses.api + path, {
    method,
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() as Json };
}

const get = (path: string): Promise<Reply> => call('GET', path);
const codeOf = ({ body }: Reply): unknown => (body['error'] as Json | undefined)?.['code'];

async function propose(over: Json = {}): Promise<string> {
  const body = { action: 'kill', alertId: 'alert-1', why: 'a test', ...over };
  const proposed = await call('POST', '/api/v1/responses', body);
  expect(proposed.status).toBe(201);
  return `/api/v1/responses/${String(proposed.body['id'])}`;
}

const ended = (path: string): Promise<void> => vi.waitFor(async () => {
  expect((await get(path)).body['state']).toMatch(/verified|failed|not-/);
}, { timeout: 10_000 });

test('a response shows its plan; what it kept of the pod can be listed and saved', async () => {
  const path = await propose();
  expect((await get(path)).body).toMatchObject({
    why: 'a test',
    proposedBy: 'token:bootstrap',
    plan: [
      'collect evidence within 15 s',
      'delete the pod of that uid, with 0 s to end by itself',
      'there is no way back',
    ],
  });
  await call('POST', `${path}/approve`, {});
  const asked = await agent.frame('command');
  expect(asked).toMatchObject({ action: 'collect-evidence', podUid: 'uid-1' });
  agent.send({ kind: 'command-result', id: asked.id, outcome: 'done', detail: '',
    document: Buffer.from('what the agent saw') });
  await ended(path);
  expect((await get(path)).body).toMatchObject({
    state: 'verified',
    approvals: ['token:bootstrap'],
  });
  const { items } = (await get(`${path}/evidence`)).body as { items: readonly Json[] };
  expect(items.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['manifest.json', 'agent.json.gz']),
  );
  const file = await fetch(`${collector.addresses.api}${path}/evidence/agent.json.gz`, {
    headers: authorized(collector),
  });
  expect(await file.text()).toBe('what the agent saw');
  expect(file.headers.get('content-type')).toBe('application/octet-stream');
  expect(file.headers.get('content-disposition')).toBe('attachment; filename="agent.json.gz"');
  expect((await get(`${path}/evidence/nothing.txt`)).status).toBe(404);
  expect((await get(`${path}/evidence/..%2Fx`)).status).toBe(400);
  expect(codeOf(await call('POST', `${path}/undo`, { why: 'x' }))).toBe('no-way-back');
});

test('four eyes: not the proposer, nor whoever the body names, but somebody else', async () => {
  const path = await propose({ action: 'isolate' });
  const approve = (body: Json, headers?: Record<string, string>): Promise<Reply> =>
    call('POST', `${path}/approve`, body, headers);
  expect(await approve({})).toMatchObject({ status: 409 });
  expect(codeOf(await approve({}))).toBe('same-person');
  expect(codeOf(await approve({ by: 'bob' }))).toBe('invalid-request');
  const responder = await asSomebody(collector, 'rob', 'responder');
  expect(await approve({}, responder)).toMatchObject({ status: 403 });
  expect((await get(path)).body['state']).toBe('proposed');
  const bob = await asSomebody(collector, 'bob', 'approver');
  expect((await approve({}, bob)).body).toMatchObject({
    state: 'approved',
    proposedBy: 'token:bootstrap',
    approvals: ['token:bob'],
  });
});

test('an approver needs somebody else’s proposal also where one pair is enough', async () => {
  const bob = await asSomebody(collector, 'bob', 'approver');
  const body = { action: 'kill', alertId: 'alert-1', why: 'a test' };
  const own = await call('POST', '/api/v1/responses', body, bob);
  const path = `/api/v1/responses/${String(own.body['id'])}`;
  const refused = await call('POST', `${path}/approve`, {}, bob);
  expect(refused).toMatchObject({ status: 403 });
  expect(codeOf(refused)).toBe('same-person');
  const eve = await asSomebody(collector, 'eve', 'approver');
  expect((await call('POST', `${path}/approve`, {}, eve)).status).toBe(200);
});

test('who responds in one namespace neither sees nor touches another', async () => {
  const path = await propose();
  const bank = await asSomebody(collector, 'bank-soc', 'approver', ['bank']);
  const target = { namespace: 'shop', pod: 'web-1', podUid: 'uid-1' };
  expect((await call('GET', path, undefined, bank)).body).toEqual(
    (await call('GET', '/api/v1/responses/none', undefined, bank)).body,
  );
  expect((await call('GET', '/api/v1/responses', undefined, bank)).body).toMatchObject({
    items: [],
  });
  for (const [step, status] of [['approve', 404], ['reject', 404], ['dry-run', 404]] as const) {
    expect((await call('POST', `${path}/${step}`, {}, bank)).status).toBe(status);
  }
  expect((await call('POST', `${path}/undo`, { why: 'x' }, bank)).status).toBe(404);
  expect((await call('GET', `${path}/evidence`, undefined, bank)).status).toBe(404);
  expect((await call('GET', `${path}/evidence/manifest.json`, undefined, bank)).status).toBe(404);
  const proposal = { action: 'kill', why: 'x' };
  expect((await call('POST', '/api/v1/responses', { ...proposal, target }, bank)).status).toBe(403);
  const byAlert = { ...proposal, alertId: 'alert-1' };
  expect((await call('POST', '/api/v1/responses', byAlert, bank)).status).toBe(404);
  const shop = await asSomebody(collector, 'shop-soc', 'responder', ['shop']);
  expect((await call('GET', path, undefined, shop)).status).toBe(200);
  expect(codeOf(await call('POST', '/api/v1/responses',
    { action: 'cordon', why: 'x', alertId: 'alert-1' }, shop))).toBe('namespace');
  expect((await get(path)).body['state']).toBe('proposed');
  // Claiming another namespace's pod comes to nothing, and keeps nobody there from responding.
  const claim = { namespace: 'shop', pod: 'web-1', podUid: 'uid-of-bank' };
  expect((await call('POST', '/api/v1/responses', { ...proposal, target: claim }, shop)).status)
    .toBe(201);
  const own = { ...claim, namespace: 'bank' };
  expect((await call('POST', '/api/v1/responses', { ...proposal, target: own }, bank)).status)
    .toBe(201);
  await vi.waitFor(async () => {
    const { items } = (await get('/api/v1/audit?limit=500')).body as { items: readonly Json[] };
    const refused = items.filter(({ action }) => action === 'access.refused');
    expect(refused.map(({ actor, detail }) => [actor, (detail as Json)['reason']])).toEqual(
      expect.arrayContaining([
        ['token:bank-soc', 'hidden'],
        ['token:bank-soc', 'namespace'],
        ['token:shop-soc', 'namespace'],
      ]),
    );
  });
});

test('the stop button stops approvals and says who pressed it', async () => {
  const path = await propose();
  const pressed = await call('POST', '/api/v1/response-control', {
    isPaused: true,
    why: 'wrong rule',
  });
  expect(pressed.body).toMatchObject({ isPaused: true, by: 'token:bootstrap', why: 'wrong rule' });
  expect(codeOf(await call('POST', `${path}/approve`, {}))).toBe('paused');
  await call('POST', '/api/v1/response-control', { isPaused: false, why: 'fixed' });
  expect((await get('/api/v1/response-control')).body).toMatchObject({ isPaused: false });
  expect(codeOf(await call('POST', '/api/v1/response-control', { isPaused: true })))
    .toBe('invalid-request');
});

test('a dry run asks the cluster, with the guardrails and the plan', async () => {
  const tried = await call('POST', '/api/v1/responses', {
    action: 'kill',
    alertId: 'alert-1',
    dryRun: true,
  });
  expect(tried.body).toMatchObject({
    dryRun: true,
    outcome: { kind: 'done', detail: 'the API server would delete the pod' },
  });
  expect(api.pods.has('shop/web-1')).toBe(true);
});

test('the policy in force and the audit’s check can be read', async () => {
  expect((await get('/api/v1/policy')).body).toMatchObject({
    hash: expect.stringMatching(/^[0-9a-f]{12}$/) as string,
    policy: { fourEyes: ['isolate'] },
  });
  await propose();
  expect((await get('/api/v1/audit/verify')).body).toMatchObject({ ok: true });
});

test('scale-back and uncordon are made by undo alone', async () => {
  const body = { action: 'uncordon', alertId: 'alert-1' };
  expect(codeOf(await call('POST', '/api/v1/responses', body))).toBe('invalid-request');
  expect(codeOf(await call('POST', '/api/v1/responses', { ...body, action: 'cordon' })))
    .toBe('not-enabled');
});
