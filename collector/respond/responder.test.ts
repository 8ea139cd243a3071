import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { anAlert } from '../testing/alerts.ts';
import { anIncident } from '../testing/records.ts';
import { RespondRig, webPod } from '../testing/respond-rig.ts';

let rig: RespondRig;

beforeEach(async () => {
  rig = await RespondRig.start();
  rig.cluster.addPod('web-1', { uid: 'uid-1' });
});

afterEach(() => rig.stop());

describe('kill', () => {
  test('deletes the pod that was meant, after approval, and sees it gone', async () => {
    const id = await rig.propose('kill');
    expect(rig.cluster.reads).toEqual([]);
    await rig.responder.approve(id, 'bob');
    expect(await rig.finished(id)).toMatchObject({ state: 'verified', approvals: ['bob'] });
    expect(rig.cluster.pod('web-1')).toBeUndefined();
    expect(await rig.audit()).toEqual([
      'response.propose ann',
      'response.approve bob',
      'response.collect collector',
      'response.begin collector',
      'response.succeed collector',
    ]);
  });

  test('never touches the successor of the same name', async () => {
    rig.cluster.addPod('web-1', { uid: 'uid-2' });
    expect(await rig.execute('kill')).toMatchObject({
      state: 'not-executed',
      reason: 'pod-replaced',
    });
    expect(rig.cluster.changes).toEqual([]);
  });

  test('not even when the successor comes between the look and the delete', async () => {
    rig.cluster.failNext('conflict', /^delete/);
    expect(await rig.execute('kill')).toMatchObject({
      state: 'not-executed',
      reason: 'pod-replaced',
    });
    expect(rig.cluster.changes).toEqual([]);
  });

  test('waits for a pod that ends gracefully, and says who holds it when it never does', async () => {
    const terms = { graceSeconds: 5 };
    const id = await rig.approved('kill', { terms });
    await vi.waitUntil(() => rig.cluster.pod('web-1')?.isDeleting);
    rig.cluster.pods.clear();
    expect(await rig.finished(id, 500)).toMatchObject({ state: 'verified' });
    rig.cluster.addPod('web-2', { uid: 'uid-2', finalizers: ['example.com/hold'] });
    const held = await rig.approved('kill', { terms, target: { pod: 'web-2', podUid: 'uid-2' } });
    await rig.until(held, ['executing']);
    expect(await rig.finished(held, 5_000)).toMatchObject({
      state: 'failed',
      reason: 'not-verified',
    });
    expect(rig.cluster.changes).toEqual(['delete pod/web-1', 'delete pod/web-2']);
  });

  test('a pod that is gone before we begin was not killed by us', async () => {
    rig.cluster.pods.clear();
    expect(await rig.execute('kill')).toMatchObject({ state: 'not-executed', reason: 'pod-gone' });
  });

  test('waits as long as the API server asks, a bounded number of times', async () => {
    rig.cluster.failNext('too-many-requests', /^delete/, 2, 3_000);
    const id = await rig.approved('kill');
    await vi.waitUntil(async () => (await rig.state(id)) === 'approved too-many-requests');
    rig.clock.advance(2_999);
    expect(await rig.state(id)).toBe('approved too-many-requests');
    expect(await rig.finished(id, 3_000)).toMatchObject({ state: 'verified', attempts: 3 });
    rig.cluster.addPod('web-2');
    rig.cluster.failNext('unavailable', /^delete/, 99);
    const other = await rig.approved('kill', { target: webPod('web-2') });
    expect(await rig.finished(other, 1_000)).toMatchObject({
      state: 'failed',
      attempts: 5,
      reason: 'unavailable',
    });
  });

  test('what cannot begin while its approval is fresh is given up', async () => {
    rig.cluster.failNext('unavailable', /^get/, 10_000);
    const id = await rig.approved('kill');
    expect(await rig.finished(id, 60_000)).toMatchObject({
      state: 'not-executed',
      reason: 'unavailable',
      attempts: 0,
    });
  });

  test('a right that is missing is a failure at once, in the words of the API server', async () => {
    rig.cluster.failNext('forbidden', /^delete/);
    expect(await rig.execute('kill')).toMatchObject({
      state: 'failed',
      reason: 'forbidden',
      detail: 'refused by the test',
      attempts: 1,
    });
  });
});

describe('proposals', () => {
  test('one that is live already is named', async () => {
    const id = await rig.propose('kill');
    expect(await rig.responder.propose(rig.proposal('kill'))).toEqual({
      ok: false,
      reason: 'exists',
      id,
    });
  });

  test('expire, are rejected, and are not executed then; each refusal is in the audit', async () => {
    const id = await rig.propose('kill');
    const rejected = await rig.propose('label');
    expect((await rig.responder.reject(rejected, 'bob')).ok).toBe(true);
    expect(await rig.responder.approve(rejected, 'bob')).toEqual({
      ok: false,
      reason: 'wrong-state',
    });
    rig.clock.advance(3_600_000);
    // The hand of the clock and the machine agree: too late is too late.
    expect(await rig.responder.approve(id, 'bob')).toMatchObject({ ok: false });
    await rig.until(id, ['expired'], 10_000);
    expect(await rig.responder.approve('nobody', 'bob')).toEqual({
      ok: false,
      reason: 'not-found',
    });
    expect(rig.cluster.changes).toEqual([]);
    expect((await rig.audit()).filter((line) => line === 'response.refused bob')).toHaveLength(2);
  });

  test('four eyes are asked for by the policy, and a route cannot leave them out', async () => {
    rig.setPolicy('{ watchSeconds: 0, fourEyes: [kill] }');
    const id = await rig.propose('kill');
    expect(await rig.responder.approve(id, 'Ann')).toEqual({ ok: false, reason: 'same-person' });
    expect(await rig.responder.approve(id, 'api-token')).toEqual({
      ok: false,
      reason: 'not-a-person',
    });
    expect(rig.cluster.changes).toEqual([]);
    await rig.responder.approve(id, 'bob');
    expect(await rig.finished(id)).toMatchObject({ state: 'verified' });
  });
});

describe('a dry run', () => {
  test('asks the API server to check, is in the audit, and changes nothing', async () => {
    const id = await rig.propose('kill');
    expect(await rig.responder.dryRun(id, 'ann')).toMatchObject({
      ok: true,
      outcome: { kind: 'done', detail: 'the API server would delete the pod' },
    });
    expect(await rig.responder.dryRunProposal(rig.proposal('isolate'))).toMatchObject({
      ok: true,
      outcome: { kind: 'done' },
    });
    expect(await rig.responder.dryRunProposal(rig.proposal('freeze'))).toMatchObject({
      outcome: { kind: 'done', detail: 'the agent of node-1 would be told to freeze' },
    });
    expect((await rig.read(id)).state).toBe('proposed');
    expect(rig.cluster.pod('web-1')?.labels).toEqual({ app: 'web-1' });
    expect(rig.cluster.policies.size).toBe(0);
    expect(rig.agents.frames).toEqual([]);
    expect(rig.cluster.changes.every((line) => line.endsWith('(dry run)'))).toBe(true);
    expect((await rig.audit()).slice(1)).toEqual(Array(3).fill('response.dry-run ann'));
  });

  test('tells which guardrail would stop it', async () => {
    rig.cluster.addController('StatefulSet', 'db');
    rig.cluster.addPod('db-0', { owner: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db',
      uid: 'uid-StatefulSet-db' } });
    const target = webPod('db-0');
    expect(await rig.responder.dryRunProposal(rig.proposal('kill', { target }))).toMatchObject({
      outcome: { kind: 'skipped', reason: 'min-healthy' },
    });
    expect(await rig.responder.dryRun('nobody', 'ann')).toEqual({ ok: false, reason: 'not-found' });
  });
});

test('without a cluster a response says clearly that nothing was executed', async () => {
  await rig.restart({ kube: undefined });
  expect(await rig.execute('kill')).toMatchObject({
    state: 'not-executed',
    reason: 'no-cluster',
    detail: 'not executed: the collector is connected to no cluster',
    warnings: ['the collector is connected to no cluster: this will be recorded, not executed'],
  });
  expect(await rig.responder.dryRunProposal(rig.proposal('kill'))).toMatchObject({
    reason: 'no-cluster',
  });
});

test('a replica whose turn it is not leaves everything alone until it is', async () => {
  let isOurs = false;
  await rig.restart({ mayExecute: () => isOurs });
  const id = await rig.approved('kill');
  rig.responder.wake();
  rig.clock.advance(60_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await rig.state(id)).toBe('approved');
  isOurs = true;
  rig.responder.wake();
  expect(await rig.finished(id)).toMatchObject({ state: 'verified' });
});

describe('the policy', () => {
  const alert = anAlert({ pod: 'web-1', podUid: 'uid-1', severity: 'critical' });

  test('proposes once, however often the same alert is considered', async () => {
    await rig.responder.consider(anIncident(), alert);
    await rig.responder.consider(anIncident({ revision: 2 }), alert);
    const rows = await rig.store.listResponses({}, { limit: 10 });
    expect(rows.map(({ response }) => `${response.action} ${response.state}`))
      .toEqual(['kill proposed']);
    expect(rows[0]?.response).toMatchObject({
      rule: 'kill-critical',
      proposedBy: 'policy:kill-critical',
      policyHash: rig.policy.hash,
      behaviours: ['exec: exec /bin/bash ← gunicorn'],
      target: { process: { pid: 4_711, name: 'bash' } },
    });
    expect(rig.cluster.reads).toEqual([]);
  });

  test('acts at once where it says so, also after dying between proposal and approval', async () => {
    await rig.responder.consider(anIncident(), alert);
    rig.setPolicy('rules: [{ name: r, match: {}, mode: act, action: kill }]');
    await rig.responder.consider(anIncident(), alert);
    const [row] = await rig.store.listResponses({}, { limit: 1 });
    expect(await rig.finished(row?.response.id ?? '')).toMatchObject({
      state: 'verified',
      approvals: ['policy:r'],
    });
  });

  test('an alert that grows is no news once it is decided: the audit stays quiet', async () => {
    rig.setPolicy('rules: [{ name: r, match: {}, mode: act, action: isolate, watchSeconds: 0 }]');
    await rig.responder.consider(anIncident(), alert);
    const [row] = await rig.store.listResponses({}, { limit: 1 });
    await rig.finished(row?.response.id ?? '');
    await rig.execute('release');
    const before = (await rig.audit()).length;
    for (let revision = 2; revision < 9; revision += 1) {
      await rig.responder.consider(anIncident({ revision }), { ...alert, revision });
    }
    expect((await rig.audit()).length).toBe(before);
    expect((await rig.read(row?.response.id ?? '')).state).toBe('reversed');
  });

  test('reads the pod’s labels where a rule asks for them, and acts on no guess', async () => {
    rig.setPolicy(`rules:
  - { name: spare, match: { labels: { tier: 'pay*' } }, mode: observe, action: label }
  - { name: kill, match: {}, mode: act, action: kill }`);
    rig.cluster.addPod('web-1', { uid: 'uid-1', labels: { tier: 'payments' } });
    await rig.responder.consider(anIncident(), alert);
    rig.clock.advance(60_000);
    rig.cluster.failNext('unavailable', /^get pod/);
    await rig.responder.consider(anIncident(), alert);
    // Whether the pod is one to spare nobody knows: so it is proposed and not done.
    expect(rig.decided).toEqual(['observe', 'propose']);
    const [row] = await rig.store.listResponses({}, { limit: 2 });
    expect(row?.response).toMatchObject({ action: 'kill', state: 'proposed' });
  });
});
