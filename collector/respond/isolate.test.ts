import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { select } from '../testing/cluster.ts';
import { RespondRig, webPod } from '../testing/respond-rig.ts';
import { isolatedValue, policyNames } from './isolation-policy.ts';
import { DETACHED_ANNOTATION, ISOLATED_LABEL, SUSPECT_LABEL } from './labels.ts';

let rig: RespondRig;

beforeEach(async () => {
  rig = await RespondRig.start('{ watchSeconds: 0, minHealthyPercent: 0 }');
  rig.cluster.addDeployment('web', 4);
});

afterEach(() => rig.stop());

const target = webPod('web-1');
const labels = () => rig.cluster.pod('web-1')?.labels;

describe('isolate', () => {
  test('makes the policy, then labels and detaches the pod in one patch', async () => {
    rig.cluster.addService('web', { app: 'web' });
    rig.cluster.addService('team', { team: 'pay', missing: 'x' });
    const isolated = await rig.execute('isolate', { target });
    expect(isolated).toMatchObject({
      state: 'verified',
      warnings: [],
      detail: 'the pod is isolated, without its labels app, pod-template-hash',
    });
    expect(rig.cluster.changes).toEqual(['create policy/lanner-isolate-pods', 'patch pod/web-1']);
    // `team` stays: the service that asks for it does not select this pod.
    expect(labels()).toEqual({ team: 'pay', [ISOLATED_LABEL]: 'true' });
    expect(rig.cluster.pod('web-1')?.annotations).toEqual({
      [DETACHED_ANNOTATION]: '{"app":"web","pod-template-hash":"h1"}',
      'lanner.dev/response': isolated.id,
    });
    expect(rig.cluster.policies.get('shop/lanner-isolate-pods')).toMatchObject({
      labels: { 'app.kubernetes.io/managed-by': 'lanner' },
      selector: select({ [ISOLATED_LABEL]: 'true' }),
      policyTypes: ['Ingress', 'Egress'],
      ingressRules: 0,
      egressRules: 0,
    });
  });

  test('release puts everything back and reverses the isolation; then it may be done again',
    async () => {
      const isolated = await rig.execute('isolate', { target });
      expect(await rig.responder.propose(rig.proposal('isolate', { target }))).toMatchObject({
        reason: 'exists',
        id: isolated.id,
      });
      expect(await rig.execute('release', { target })).toMatchObject({ state: 'verified' });
      expect(labels()).toEqual({ app: 'web', 'pod-template-hash': 'h1', team: 'pay' });
      expect(rig.cluster.pod('web-1')?.annotations).toEqual({});
      expect(await rig.state(isolated.id)).toBe('reversed');
      expect((await rig.execute('isolate', { target })).state).toBe('verified');
      expect((await rig.execute('release', { target })).state).toBe('verified');
      expect(await rig.execute('release', { target })).toMatchObject({
        reason: 'nothing-to-reverse',
      });
    });

  test('a label that somebody set again in the meantime stays as they set it', async () => {
    await rig.execute('isolate', { target });
    Object.assign(labels() ?? {}, { app: 'web-debug' });
    await rig.execute('release', { target });
    expect(labels()).toMatchObject({ app: 'web-debug', 'pod-template-hash': 'h1' });
  });

  test('what the annotation says is checked: only labels, and never Lanner’s own', async () => {
    await rig.execute('isolate', { target });
    const pod = rig.cluster.pod('web-1');
    Object.assign(pod?.annotations ?? {}, {
      [DETACHED_ANNOTATION]: JSON.stringify({
        ok: 'yes', 'bad key': 'x', nested: {}, [SUSPECT_LABEL]: 'true', long: 'x'.repeat(64),
      }),
    });
    await rig.execute('release', { target });
    expect(labels()).toEqual({ team: 'pay', ok: 'yes' });
    for (const text of ['', '{', '[1]', 'null', '"x"']) {
      await rig.execute('isolate', { target });
      Object.assign(rig.cluster.pod('web-1')?.annotations ?? {}, { [DETACHED_ANNOTATION]: text });
      expect((await rig.execute('release', { target })).warnings).toEqual([
        `the annotation ${DETACHED_ANNOTATION} held no label that could be put back`,
      ]);
      rig.clock.advance(700_000);
    }
  });

  test('a pod without any label or annotation gets them', async () => {
    rig.cluster.addPod('bare', { labels: null });
    expect((await rig.execute('isolate', { target: webPod('bare') })).state).toBe('verified');
    expect(rig.cluster.pod('bare')?.labels).toEqual({ [ISOLATED_LABEL]: 'true' });
  });

  test('a name that somebody else has taken is left alone, and the next one is used', async () => {
    const foreign = { namespace: 'shop', name: 'lanner-isolate-pods', uid: 'x', labels: {},
      selector: select({}), policyTypes: ['Ingress'], ingressRules: 0, egressRules: 0,
      allowNamespaces: [] };
    rig.cluster.policies.set('shop/lanner-isolate-pods', foreign);
    expect((await rig.execute('isolate', { target })).state).toBe('verified');
    expect(rig.cluster.changes[0]).toBe('create policy/lanner-isolate-pods-2');
    expect(rig.cluster.policies.get('shop/lanner-isolate-pods')).toBe(foreign);
  });

  test('with every name taken nothing is labelled', async () => {
    for (const name of policyNames('')) {
      rig.cluster.policies.set(`shop/${name}`, { namespace: 'shop', name, uid: 'x', labels: {},
        selector: select({}), policyTypes: ['Ingress'], ingressRules: 1, egressRules: 0,
        allowNamespaces: null });
    }
    expect(await rig.execute('isolate', { target })).toMatchObject({
      state: 'failed',
      reason: 'foreign-policy',
    });
    expect(rig.cluster.changes).toEqual([]);
  });

  test('with a forensics namespace the policy and the label’s value are others', async () => {
    rig.setPolicy('{ watchSeconds: 0, minHealthyPercent: 0, forensicsNamespace: forensics }');
    await rig.execute('isolate', { target });
    const value = isolatedValue('forensics');
    expect(value).toMatch(/^but-[0-9a-f]{10}$/);
    expect(labels()?.[ISOLATED_LABEL]).toBe(value);
    expect(rig.cluster.policies.get(`shop/lanner-isolate-pods-${value}`)).toMatchObject({
      allowNamespaces: ['forensics'],
      selector: select({ [ISOLATED_LABEL]: value }),
    });
    await rig.execute('release', { target });
    expect(Object.keys(labels() ?? {})).not.toContain(ISOLATED_LABEL);
  });

  test('says which other policy still lets traffic through', async () => {
    const policy = (name: string, matchLabels: Record<string, string>) =>
      rig.cluster.policies.set(`shop/${name}`, { namespace: 'shop', name, uid: name, labels: {},
        selector: select(matchLabels), policyTypes: ['Ingress'], ingressRules: 1, egressRules: 0,
        allowNamespaces: null });
    policy('allow-team', { team: 'pay' });
    policy('allow-web', { app: 'web' });
    // The policy for `app` no longer selects a pod that lost the label.
    expect((await rig.execute('isolate', { target })).warnings).toEqual([
      'network policy allow-team selects this pod too and still allows traffic',
    ]);
  });

  test('a pod on the host network is refused with the reason', async () => {
    rig.cluster.addPod('host', { isHostNetwork: true });
    expect(await rig.execute('isolate', { target: webPod('host') })).toMatchObject({
      state: 'not-executed',
      reason: 'host-network',
    });
    expect(rig.cluster.changes).toEqual([]);
  });

  test.each([
    ['StatefulSet', 'StatefulSet db cannot replace db-0 while this pod keeps the name'],
    ['DaemonSet', 'DaemonSet db starts a replacement on the same node'],
  ] as const)('says what happens to a pod of a %s', async (kind, words) => {
    rig.cluster.addController(kind, 'db');
    const owner = { apiVersion: 'apps/v1', kind, name: 'db', uid: `uid-${kind}-db` };
    rig.cluster.addPod('db-0', { labels: { app: 'db' }, owner });
    const { state, warnings } = await rig.execute('isolate', { target: webPod('db-0') });
    expect(state).toBe('verified');
    expect(warnings.join()).toContain(words);
  });

  test('services that cannot be listed are a warning: cutting the pod off cannot wait', async () => {
    rig.cluster.failNext('forbidden', /services/);
    const { state, warnings } = await rig.execute('isolate', { target });
    expect(state).toBe('verified');
    expect(warnings).toEqual([
      'the services could not be listed, so it stays in them: refused by the test',
    ]);
  });

  test('a pod that changes in between is looked at again', async () => {
    rig.cluster.failNext('conflict', /^patch pod/, 4);
    expect((await rig.execute('isolate', { target })).state).toBe('verified');
  });
});

test('label marks the pod and names the response; never the successor', async () => {
  const { id } = await rig.execute('label', { target });
  expect(labels()).toMatchObject({ [SUSPECT_LABEL]: 'true', app: 'web' });
  expect(rig.cluster.pod('web-1')?.annotations).toEqual({ 'lanner.dev/response': id });
  await rig.execute('release', { target });
  expect(labels()).toEqual({ app: 'web', 'pod-template-hash': 'h1', team: 'pay' });
  expect(await rig.execute('label', { target: { pod: 'web-2', podUid: 'old' } })).toMatchObject({
    reason: 'pod-replaced',
  });
});
