import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { anAlert } from '../testing/alerts.ts';
import { anIncident } from '../testing/records.ts';
import { RespondRig, policyOf, webPod } from '../testing/respond-rig.ts';
import type { ResponseAction } from './response.ts';

let rig: RespondRig;

beforeEach(async () => {
  rig = await RespondRig.start();
});

afterEach(() => rig.stop());

const run = async (action: ResponseAction, pod: string, namespace = 'shop'): Promise<string> => {
  const { state, reason } = await rig.execute(action, { target: { ...webPod(pod), namespace } });
  return `${state} ${reason}`.trim();
};

describe('a pod of another cluster', () => {
  const elsewhere = { ...webPod('web-1'), cluster: 'other' };
  const isOwnCluster = async (cluster: string): Promise<boolean> => cluster === 'c1';
  const counts = async (): Promise<number> => (await rig.audit()).length;

  test('is not touched, whoever asks: the refusal has a reason and is in the audit', async () => {
    await rig.restart({ isOwnCluster });
    rig.cluster.addPod('web-1');
    for (const action of ['kill', 'isolate', 'freeze', 'label', 'release'] as const) {
      const proposal = rig.proposal(action, { target: elsewhere });
      expect(await rig.responder.propose(proposal))
        .toMatchObject({ ok: false, reason: 'other-cluster' });
      expect(await rig.responder.dryRunProposal(proposal))
        .toMatchObject({ ok: true, outcome: { kind: 'skipped', reason: 'other-cluster' } });
    }
    expect((await rig.audit()).filter((line) => line === 'response.refused ann')).toHaveLength(5);
    expect({ reads: rig.cluster.reads, changes: rig.cluster.changes, sent: rig.agents.frames })
      .toEqual({ reads: [], changes: [], sent: [] });
  });

  test('is not touched either when it was approved before that was known', async () => {
    rig.cluster.addPod('web-1');
    const id = await rig.propose('kill', { target: elsewhere });
    await rig.restart({ isOwnCluster });
    await rig.responder.approve(id, 'bob');
    expect(await rig.finished(id))
      .toMatchObject({ state: 'not-executed', reason: 'other-cluster', attempts: 0 });
    expect({ reads: rig.cluster.reads, changes: rig.cluster.changes })
      .toEqual({ reads: [], changes: [] });
  });

  test('is refused to the policy, too, and written down once for each alert', async () => {
    rig.setPolicy('rules: [{ name: kill-it, mode: act, action: kill, match: { severityMin: high } }]');
    await rig.restart({ isOwnCluster });
    rig.cluster.addPod('web-1');
    const alert = anAlert({ cluster: 'other', pod: 'web-1', podUid: 'uid-web-1',
      severity: 'critical' });
    const before = await counts();
    for (const revision of [1, 2, 3]) await rig.responder.consider(anIncident(), { ...alert, revision });
    expect(await counts()).toBe(before + 1);
    expect(rig.decided).toEqual(['other-cluster', 'other-cluster', 'other-cluster']);
    expect(rig.cluster.reads).toEqual([]);
    await rig.responder.consider(anIncident(), { ...alert, id: 'own', cluster: 'c1' });
    expect(rig.decided.at(-1)).toBe('act');
  });
});

describe('protection', () => {
  test('namespaces: refused at the proposal, in a dry run, and when the policy changes', async () => {
    const target = { ...webPod('dns'), namespace: 'kube-system' };
    expect(await rig.responder.propose(rig.proposal('kill', { target }))).toMatchObject({
      ok: false,
      reason: 'protected-namespace',
    });
    expect(await rig.responder.dryRunProposal(rig.proposal('kill', { target }))).toMatchObject({
      outcome: { reason: 'protected-namespace' },
    });
    rig.cluster.addPod('web-1');
    const id = await rig.propose('kill', { target: webPod('web-1') });
    rig.setPolicy('protectedNamespaces: [sh*]');
    await rig.responder.approve(id, 'bob');
    expect(await rig.finished(id)).toMatchObject({ reason: 'protected-namespace' });
    expect(rig.cluster.reads).toEqual([]);
    expect(await rig.audit()).toContain('response.refused ann');
  });

  test('labels: as they are on the pod when it begins', async () => {
    rig.cluster.addPod('own', { labels: { 'app.kubernetes.io/part-of': 'lanner' } });
    rig.cluster.addPod('vip', { labels: { 'lanner.dev/protected': '' } });
    rig.cluster.addPod('other', { labels: { 'app.kubernetes.io/part-of': 'lanner-like' } });
    expect(await run('kill', 'own')).toBe('not-executed protected-label');
    expect(await run('isolate', 'vip')).toBe('not-executed protected-label');
    expect(await run('kill', 'other')).toBe('verified');
    expect(rig.cluster.changes).toEqual(['delete pod/other']);
  });

  test('kinds: static pods by default, and whatever the policy names, however far up', async () => {
    rig.cluster.addPod('etcd', {
      owner: { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u' },
    });
    expect(await run('kill', 'etcd')).toBe('not-executed protected-kind');
    rig.setPolicy('{ watchSeconds: 0, protectedKinds: [Deployment] }');
    rig.cluster.addDeployment('web', 4);
    expect(await run('kill', 'web-1')).toBe('not-executed protected-kind');
    expect(rig.cluster.changes).toEqual([]);
  });

  test('scale and cordon are refused until the policy allows them', async () => {
    for (const action of ['scale-to-zero', 'cordon'] as const) {
      expect(await rig.responder.propose(rig.proposal(action))).toMatchObject({
        ok: false,
        reason: 'not-enabled',
      });
    }
  });
});

describe('minimum healthy replicas', () => {
  const kinds = ['kill', 'isolate', 'freeze'] as const;

  test.each(kinds)('%s leaves the percentage of ready replicas, by the controller’s status',
    async (action) => {
      rig.cluster.addDeployment('web', 4);
      rig.cluster.controller('Deployment', 'web').ready = 2;
      expect(await run(action, 'web-0')).toBe('not-executed min-healthy');
      rig.cluster.controller('Deployment', 'web').ready = 3;
      expect(await run(action, 'web-0')).toBe('verified');
    });

  test('never the last one, and a pod that is not ready takes nothing away', async () => {
    rig.cluster.addDeployment('web', 1);
    expect(await run('kill', 'web-0')).toBe('not-executed min-healthy');
    const { detail } = await rig.execute('kill', { target: webPod('web-0') });
    expect(detail).toBe('Deployment web has 1 of 1 replicas ready: ' +
      'without this one 0 would be left, and 1 must stay');
    rig.cluster.pods.set('shop/web-0', { ...rig.cluster.addReplica('web', 'web-0'), isReady: false });
    expect(await run('kill', 'web-0')).toBe('verified');
  });

  test('two that begin at once cannot both take the one replica that there is to spare', async () => {
    rig.cluster.addDeployment('web', 4);
    rig.cluster.controller('Deployment', 'web').ready = 3;
    // The status does not follow: it is what the controller last wrote.
    const results = await Promise.all([run('kill', 'web-0'), run('kill', 'web-1')]);
    expect(results.toSorted()).toEqual(['not-executed min-healthy', 'verified']);
    rig.clock.advance(31_000);
    expect(await run('kill', 'web-2')).toBe('verified');
  });

  test('a frozen pod is not healthy, however long its status calls it ready', async () => {
    rig.cluster.addDeployment('web', 4);
    expect(await run('freeze', 'web-0')).toBe('verified');
    rig.clock.advance(60_000);
    expect(await run('freeze', 'web-1')).toBe('verified');
    rig.clock.advance(60_000);
    expect(await run('freeze', 'web-2')).toBe('not-executed min-healthy');
    expect(await run('thaw', 'web-0')).toBe('verified');
    expect(await run('freeze', 'web-2')).toBe('verified');
    // One that is gone is the controller's to count.
    rig.cluster.pods.delete('shop/web-1');
    rig.clock.advance(700_000);
    expect(await run('freeze', 'web-3')).toBe('verified');
  });

  test('an owner that cannot be counted keeps its pods; a pod of nobody may go', async () => {
    rig.cluster.addPod('crd-0', {
      owner: { apiVersion: 'x/v1', kind: 'KafkaSet', name: 'k', uid: 'u' },
    });
    rig.cluster.addPod('bare');
    expect(await run('kill', 'crd-0')).toBe('not-executed min-healthy');
    expect(await rig.execute('kill', { target: webPod('bare') })).toMatchObject({
      state: 'verified',
      warnings: expect.arrayContaining([
        'the pod has no controller: nothing starts another one',
      ]) as string[],
    });
  });

  test('only two people together may accept the outage', async () => {
    rig.cluster.addDeployment('web', 1);
    const over = { target: webPod('web-0'), terms: { acceptsOutage: true } };
    const id = await rig.propose('kill', over);
    expect(await rig.responder.approve(id, 'ann')).toMatchObject({ reason: 'same-person' });
    await rig.responder.approve(id, 'bob');
    expect((await rig.finished(id)).state).toBe('verified');
  });

  test('a job and a workload at zero have none to keep', async () => {
    rig.cluster.addController('Job', 'batch');
    rig.cluster.addPod('batch-x', {
      owner: { apiVersion: 'batch/v1', kind: 'Job', name: 'batch', uid: 'uid-Job-batch' },
    });
    rig.cluster.addDeployment('off', 1);
    rig.cluster.controller('Deployment', 'off').desired = 0;
    expect(await run('kill', 'batch-x')).toBe('verified');
    expect(await run('kill', 'off-0')).toBe('verified');
  });
});

describe('limits', () => {
  const limits = (text: string) =>
    rig.setPolicy(`{ watchSeconds: 0, minHealthyPercent: 0, limits: { windowSeconds: 60, ${text} } }`);

  test('per workload, as its controller is called, whatever the alert called it', async () => {
    limits('perWorkload: 2');
    rig.cluster.addDeployment('web', 9);
    rig.cluster.addDeployment('api', 9);
    const named = (pod: string, workload: string) =>
      rig.execute('kill', { target: { ...webPod(pod), workload } });
    expect((await named('web-0', 'web')).state).toBe('verified');
    expect((await named('web-1', 'something-else')).state).toBe('verified');
    expect(await named('web-2', '')).toMatchObject({ reason: 'budget' });
    expect(await run('kill', 'api-0')).toBe('verified');
    rig.clock.advance(61_000);
    expect(await run('kill', 'web-3')).toBe('verified');
  });

  test('per namespace, also when they come at once; the way back is never counted', async () => {
    limits('perNamespace: 2');
    for (const name of ['a', 'b', 'c', 'd']) rig.cluster.addPod(name);
    rig.cluster.addPod('e', { namespace: 'bank' });
    expect(await run('label', 'a')).toBe('verified');
    expect(await run('release', 'a')).toBe('verified');
    const burst = await Promise.all([run('kill', 'b'), run('kill', 'c'), run('kill', 'd')]);
    expect(burst.toSorted()).toEqual([
      'not-executed budget',
      'not-executed budget',
      'verified',
    ]);
    expect(await run('release', 'a')).toBe('not-executed nothing-to-reverse');
    expect(await run('kill', 'e', 'bank')).toBe('verified');
  });

  test('per node, by where the pod is, not by what the alert says', async () => {
    limits('perNode: 1');
    rig.cluster.addPod('a', { nodeName: 'n1' });
    rig.cluster.addPod('b', { nodeName: 'n1' });
    rig.cluster.addPod('c', { nodeName: 'n2' });
    expect(await run('kill', 'a')).toBe('verified');
    const { reason } = await rig.execute('kill', { target: { ...webPod('b'), node: 'n9' } });
    expect(reason).toBe('budget');
    expect(await run('kill', 'c')).toBe('verified');
  });

  test('per cluster, over everything', async () => {
    limits('perCluster: 2');
    for (const name of ['a', 'b', 'c']) rig.cluster.addPod(name, { namespace: `ns-${name}` });
    expect(await run('kill', 'a', 'ns-a')).toBe('verified');
    expect(await run('kill', 'b', 'ns-b')).toBe('verified');
    expect(await run('kill', 'c', 'ns-c')).toBe('not-executed budget');
  });

  test('a rule’s own limit holds where it is stricter, and cannot be looser', async () => {
    rig.setPolicy(`
watchSeconds: 0
minHealthyPercent: 0
limits: { perNamespace: 2 }
rules:
  - { name: strict, match: { namespaces: [shop] }, mode: act, action: label,
      limits: { perNamespace: 1 } }
  - { name: loose, match: { namespaces: [bank] }, mode: act, action: label,
      limits: { perNamespace: 99 } }`);
    const consider = async (name: string, namespace: string): Promise<void> => {
      const { uid: podUid } = rig.cluster.addPod(name, { namespace });
      const alert = anAlert({ id: name, pod: name, podUid, namespace });
      await rig.responder.consider(anIncident({ id: `incident-${name}` }), alert);
      const [row] = await rig.store.listResponses({}, { limit: 1 });
      await rig.finished(row?.response.id ?? '');
    };
    for (const name of ['a', 'b']) await consider(name, 'shop');
    for (const name of ['c', 'd', 'e']) await consider(name, 'bank');
    const rows = await rig.store.listResponses({}, { limit: 9 });
    expect(rows.toReversed().map(({ response }) => response.reason || response.state)).toEqual([
      'verified', 'budget', 'verified', 'verified', 'budget',
    ]);
  });
});

test('a rule without limits of its own has those of the policy, also where they are wide', () => {
  const { policy } = policyOf('{ limits: { perNode: 50 }, rules: [{ name: a, action: kill }] }');
  expect(policy.limits.perNode).toBe(50);
  expect(policy.rules[0]?.limits).toEqual({});
});

describe('the kill loop', () => {
  const behaviours = ['exec: exec /bin/sh ← nginx'];

  test('stops killing, keeps one pod for evidence, and tells people', async () => {
    rig.setPolicy('{ watchSeconds: 0, killLoop: { kills: 2 }, limits: { perWorkload: 99 } }');
    rig.cluster.addDeployment('web', 9);
    const kill = (pod: string, shown = behaviours) =>
      rig.execute('kill', { target: webPod(pod), behaviours: shown });
    expect((await kill('web-0')).state).toBe('verified');
    expect((await kill('web-1')).state).toBe('verified');
    expect((await kill('web-2', ['net: connect 10.0.0.9:443/tcp'])).state).toBe('verified');
    const stopped = await kill('web-3', ['rate: x', ...behaviours]);
    expect(stopped).toMatchObject({ state: 'not-executed', reason: 'kill-loop' });
    expect(rig.cluster.pod('web-3')).toBeDefined();
    expect(rig.raised).toHaveLength(1);
    expect(rig.raised[0]).toMatchObject({ severity: 'critical', podUid: 'uid-web-3', kind: 'rule' });
    expect(await rig.read(`${stopped.id}-fallback-isolate`)).toMatchObject({
      action: 'isolate',
      state: 'proposed',
      target: { podUid: 'uid-web-3' },
    });
    rig.clock.advance(3_601_000);
    expect((await kill('web-4')).state).toBe('verified');
  });

  test('where the policy acts by itself the isolation is done, not only proposed', async () => {
    rig.setPolicy(`{ killLoop: { kills: 1 }, limits: { perWorkload: 99 }, rules: [
      { name: r, match: {}, mode: act, action: kill, watchSeconds: 0 }] }`);
    rig.cluster.addDeployment('web', 9);
    for (const pod of ['web-0', 'web-1']) {
      const alert = anAlert({ id: pod, pod, podUid: `uid-${pod}` });
      await rig.responder.consider(anIncident({ id: `incident-${pod}` }), alert);
      const [row] = await rig.store.listResponses({}, { limit: 1 });
      await rig.finished(row?.response.id ?? '');
    }
    const [isolated] = await rig.store.listResponses({}, { limit: 1 });
    expect(await rig.finished(isolated?.response.id ?? '')).toMatchObject({
      action: 'isolate',
      state: 'verified',
      rule: 'r',
      approvals: ['policy:r'],
    });
    expect(rig.cluster.pod('web-1')).toBeDefined();
  });
});
