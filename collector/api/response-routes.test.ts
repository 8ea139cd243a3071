import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

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

async function call(method: string, path: string, body?: unknown): Promise<Reply> {
  const response = await fetch(collector.addresses.api + path, {
    method,
    headers: {
      authorization: `Bearer ${collector.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() as Json };
}

const get = (path: string): Promise<Reply> => call('GET', path);
const codeOf = ({ body }: Reply): unknown => (body['error'] as Json | undefined)?.['code'];

async function propose(over: Json = {}): Promise<string> {
  const body = { action: 'kill', alertId: 'alert-1', why: 'a test', by: 'ann', ...over };
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
    proposedBy: 'ann/api-token',
    plan: [
      'collect evidence within 15 s',
      'delete the pod of that uid, with 0 s to end by itself',
      'there is no way back',
    ],
  });
  await call('POST', `${path}/approve`, { by: 'ann' });
  const asked = await agent.frame('command');
  expect(asked).toMatchObject({ action: 'collect-evidence', podUid: 'uid-1' });
  agent.send({ kind: 'command-result', id: asked.id, outcome: 'done', detail: '',
    document: Buffer.from('what the agent saw') });
  await ended(path);
  expect((await get(path)).body).toMatchObject({ state: 'verified', approvals: ['ann/api-token'] });
  const { items } = (await get(`${path}/evidence`)).body as { items: readonly Json[] };
  expect(items.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['manifest.json', 'agent.json.gz']),
  );
  const file = await fetch(`${collector.addresses.api}${path}/evidence/agent.json.gz`);
  expect(await file.text()).toBe('what the agent saw');
  expect(file.headers.get('content-type')).toBe('application/octet-stream');
  expect(file.headers.get('content-disposition')).toBe('attachment; filename="agent.json.gz"');
  expect((await get(`${path}/evidence/nothing.txt`)).status).toBe(404);
  expect((await get(`${path}/evidence/..%2Fx`)).status).toBe(400);
  expect(codeOf(await call('POST', `${path}/undo`, { why: 'x' }))).toBe('no-way-back');
});

test('four eyes: a name is needed, the proposer’s is not enough, an odd one is refused', async () => {
  const path = await propose({ action: 'isolate' });
  const approve = (body: Json): Promise<Reply> => call('POST', `${path}/approve`, body);
  expect(await approve({})).toMatchObject({ status: 409 });
  expect(codeOf(await approve({}))).toBe('not-a-person');
  expect(codeOf(await approve({ by: 'Ann' }))).toBe('same-person');
  for (const by of ['policy:x', 'a b', '', 'аnn', 'bob/api-token', 'x'.repeat(65)]) {
    expect(codeOf(await approve({ by }))).toBe('invalid-request');
  }
  expect((await get(path)).body['state']).toBe('proposed');
  expect((await approve({ by: 'bob' })).body['state']).toBe('approved');
});

test('the stop button stops approvals and says who pressed it', async () => {
  const path = await propose();
  const pressed = await call('POST', '/api/v1/response-control', {
    isPaused: true,
    by: 'eve',
    why: 'wrong rule',
  });
  expect(pressed.body).toMatchObject({ isPaused: true, by: 'eve/api-token', why: 'wrong rule' });
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
