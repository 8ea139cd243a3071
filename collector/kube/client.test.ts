import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { KubeApi } from '../testing/kube-api.ts';
import { writeKubeconfig } from '../testing/kubeconfig.ts';
import { ITEMS_MAX, connectKube } from './client.ts';
import { BODY_BYTES_MAX } from './connection.ts';
import type { Kube } from './kube.ts';

let folder: string;
let kubeconfig: string;
let api: KubeApi;
let kube: Kube;
const web = { namespace: 'shop', name: 'web' };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-kube-'));
  api = new KubeApi();
  kubeconfig = writeKubeconfig(folder, await api.start());
  kube = await connectKube({ kubeconfig, now: () => 0, deadlineMs: 1_000 });
  api.addPod('shop', 'web');
});

afterEach(async () => {
  await kube.close();
  await api.stop();
  rmSync(folder, { recursive: true });
});

test('reads a pod; one that is not there is a value, not an error', async () => {
  expect(await kube.readPod(web)).toMatchObject({
    ok: true,
    value: { uid: 'uid-web', labels: { app: 'web' }, isDeleting: false, isHostNetwork: false },
  });
  expect(await kube.readPod({ ...web, name: 'gone' })).toMatchObject({
    ok: false,
    reason: 'not-found',
  });
});

test('deletes the pod of that uid and never its successor of the same name', async () => {
  const options = { graceSeconds: 0, dryRun: false };
  expect(await kube.deletePod(web, { ...options, uid: 'uid-before' })).toMatchObject({
    ok: false,
    reason: 'conflict',
  });
  expect(api.pods.has('shop/web')).toBe(true);
  expect(await kube.deletePod(web, { ...options, uid: 'uid-web' })).toEqual({
    ok: true,
    value: null,
  });
  expect(api.pods.has('shop/web')).toBe(false);
});

test('a dry run asks the API server and changes nothing', async () => {
  await kube.deletePod(web, { uid: 'uid-web', graceSeconds: 0, dryRun: true });
  await kube.patchPod(web, [{ op: 'add', path: '/metadata/labels/x', value: 'y' }], {
    dryRun: true,
  });
  const spec = { namespace: 'shop', name: 'deny', labels: {}, matchLabels: { x: 'y' } };
  expect(await kube.createNetworkPolicy(spec, { dryRun: true })).toMatchObject({ ok: true });
  expect(api.pods.get('shop/web')?.metadata.labels).toEqual({ app: 'web' });
  expect(api.policies.size).toBe(0);
  // Of a delete the API server reads the body: in the query a dry run kills.
  expect(api.requests.filter((line) => !line.includes('dryRun=All'))).toEqual([
    'DELETE /api/v1/namespaces/shop/pods/web',
  ]);
});

test('a patch that makes no valid pod is invalid, no conflict that one tries again', async () => {
  const patch = [{ op: 'add', path: '/metadata/labels/x', value: 'a b' }] as const;
  expect(await kube.patchPod(web, patch, { dryRun: false })).toMatchObject({
    ok: false,
    reason: 'invalid',
    message: expect.stringContaining('a b'),
  });
});

test('reads credentials again after a 401, and repeats the request with new ones', async () => {
  const bearers: unknown[] = [];
  api.onRequest = (_, { authorization }) => {
    bearers.push(authorization);
    const isGood = authorization === 'Bearer new-token';
    api.refuse({ times: isGood ? 0 : 1, status: 401 });
  };
  expect(await kube.readPod(web)).toMatchObject({ ok: false, reason: 'forbidden' });
  expect(bearers).toEqual(['Bearer test-token']);
  writeFileSync(kubeconfig, readFileSync(kubeconfig, 'utf8').replace('test-token', 'new-token'));
  expect(await kube.readPod(web)).toMatchObject({ ok: true });
  expect(bearers).toEqual(['Bearer test-token', 'Bearer test-token', 'Bearer new-token']);
});

test('of requests that bear an old token at once, each is repeated with the new one', async () => {
  api.onRequest = (_, { authorization }) => {
    const isGood = authorization === 'Bearer new-token';
    api.refuse({ times: isGood ? 0 : 1, status: 401 });
  };
  await kube.readPod(web);
  writeFileSync(kubeconfig, readFileSync(kubeconfig, 'utf8').replace('test-token', 'new-token'));
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => kube.readPod(web)));
  expect(outcomes.map(({ ok }) => ok)).toEqual(Array.from({ length: 8 }, () => true));
});

test('reads a list to its end, page by page', async () => {
  for (let n = 0; n < 1_203; n += 1) api.addPolicy('shop', `p-${n}`, {});
  const listed = await kube.listNetworkPolicies('shop');
  expect(listed.ok && listed.value.length).toBe(1_203);
  expect(api.requests).toHaveLength(3);
});

test('a list above the bound is too large, and nothing of it is believed', async () => {
  for (let n = 0; n <= ITEMS_MAX; n += 1) api.addPolicy('shop', `p-${n}`, {});
  expect(await kube.listNetworkPolicies('shop')).toMatchObject({ ok: false, reason: 'too-large' });
});

test('an answer above the bound is not read to its end', async () => {
  api.answerWith(JSON.stringify({ metadata: { name: 'x'.repeat(BODY_BYTES_MAX) } }));
  expect(await kube.readPod(web)).toMatchObject({
    ok: false,
    reason: 'too-large',
    message: `the answer is above ${BODY_BYTES_MAX} bytes`,
  });
});

test.each(['', 'null', '[]', '{"metadata":7}', 'no JSON', '{"spec":{"containers":"none"}}'])(
  'an answer that is no pod, %j, is no crash',
  async (body) => {
    api.answerWith(body);
    const outcome = await kube.readPod(web);
    expect(outcome.ok ? outcome.value.uid : outcome.reason).toBeOneOf(['', 'unavailable']);
  },
);

test('patches with JSON patch; a test that does not hold is a conflict', async () => {
  const patch = (uid: string) => kube.patchPod(web, [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'add', path: '/metadata/labels/lanner.dev~1isolated', value: 'true' },
  ], { dryRun: false });
  expect(await patch('other')).toMatchObject({ ok: false, reason: 'conflict' });
  expect(await patch('uid-web')).toMatchObject({
    ok: true,
    value: { labels: { app: 'web', 'lanner.dev/isolated': 'true' } },
  });
});

test('creates, reads and lists network policies', async () => {
  const spec = { namespace: 'shop', name: 'deny', labels: { a: 'b' }, matchLabels: { x: 'y' } };
  expect(await kube.getNetworkPolicy(spec)).toMatchObject({ reason: 'not-found' });
  await kube.createNetworkPolicy(spec, { dryRun: false });
  expect(await kube.createNetworkPolicy(spec, { dryRun: false })).toMatchObject({
    reason: 'conflict',
  });
  const expected = {
    labels: { a: 'b' },
    selector: { matchLabels: { x: 'y' }, matchExpressions: [] },
    policyTypes: ['Ingress', 'Egress'],
    ingressRules: 0,
    egressRules: 0,
  };
  expect(await kube.getNetworkPolicy(spec)).toMatchObject({ ok: true, value: expected });
  expect(await kube.listNetworkPolicies('shop')).toMatchObject({ ok: true, value: [expected] });
  expect(await kube.listNetworkPolicies('bank')).toEqual({ ok: true, value: [] });
});

test.each([
  [401, 'forbidden', 0],
  [403, 'forbidden', 0],
  [429, 'too-many-requests', 7_000],
  [500, 'unavailable', 0],
  [503, 'unavailable', 7_000],
  [400, 'invalid', 0],
])('HTTP %i is %s', async (status, reason, retryAfterMs) => {
  api.refuse({
    times: 1,
    status,
    headers: retryAfterMs > 0 ? { 'retry-after': '7' } : {},
  });
  expect(await kube.readPod(web)).toEqual({
    ok: false,
    reason,
    retryAfterMs,
    // The library does not read the body of a 401.
    message: status === 401 ? 'HTTP 401' : 'refused by the test',
  });
});

test('an API server that does not answer or is not there is unavailable', async () => {
  api.hang();
  expect(await kube.readPod(web)).toMatchObject({ ok: false, reason: 'unavailable' });
  await api.stop();
  expect(await kube.readPod(web)).toMatchObject({ ok: false, reason: 'unavailable' });
  api = new KubeApi();
  await api.start();
});

test('requests one after the other share their connections, and close ends them', async () => {
  for (let n = 0; n < 10; n += 1) await kube.readPod(web);
  expect(await api.connections).toBeLessThanOrEqual(2);
  await kube.close();
  await vi.waitUntil(async () => await api.connections === 0);
});
