import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { RespondRig, webPod } from '../testing/respond-rig.ts';

let rig: RespondRig;
const target = webPod('web-1');

beforeEach(async () => {
  rig = await RespondRig.start('{ watchSeconds: 0, cordon: true, scaleToZero: true }');
  rig.cluster.addDeployment('web', 4);
  rig.cluster.addNode('node-1');
});

afterEach(() => rig.stop());

describe('the time to live', () => {
  test.each(['isolate', 'freeze', 'label', 'cordon', 'scale-to-zero'] as const)(
    '%s is reversed by itself when it ends, and recorded',
    async (action) => {
      const labels = { ...rig.cluster.pod('web-1')?.labels };
      const { id } = await rig.execute(action, { target, terms: { ttlSeconds: 60 } });
      rig.clock.advance(59_000);
      expect(await rig.state(id)).toBe('verified');
      expect(await rig.until(id, ['reversed'], 1_000)).toMatchObject({
        detail: `reversed by ${id}-ttl-0`,
      });
      const reversal = await rig.finished(`${id}-ttl-0`);
      expect(reversal).toMatchObject({ state: 'verified', proposedBy: 'collector', reverses: id });
      expect(reversal.why).toBe('its time to live of 60 s is over');
      expect(rig.cluster.pod('web-1')?.labels).toEqual(labels);
      expect(rig.cluster.nodes.get('node-1')?.isUnschedulable).toBe(false);
      expect(rig.cluster.controller('Deployment', 'web').desired).toBe(4);
    },
  );

  test('an agent that is away at that time is asked again later', async () => {
    const { id } = await rig.execute('freeze', { target, terms: { ttlSeconds: 60 } });
    rig.agents.answer('thaw', () => ({ ok: false, reason: 'no-link' }));
    await vi.waitUntil(async () => {
      rig.clock.advance(2_000);
      return (await rig.store.readResponse(`${id}-ttl-0`))?.state === 'failed';
    }, { interval: 2, timeout: 20_000 });
    expect(await rig.state(id)).toBe('verified');
    rig.agents.answer('thaw', () => ({ ok: true,
      result: { outcome: 'done', detail: '', document: new Uint8Array() } }));
    await rig.until(id, ['reversed'], 60_000);
    expect(rig.agents.asked('thaw').length).toBeGreaterThan(5);
  });

  test('of a pod that is gone there is nothing to take back, and that ends it', async () => {
    const { id } = await rig.execute('isolate', { target, terms: { ttlSeconds: 60 } });
    rig.cluster.pods.delete('shop/web-1');
    await rig.until(id, ['reversed'], 10_000);
    await rig.finished(`${id}-ttl-0`);
    expect(await rig.state(`${id}-ttl-0`)).toBe('not-executed pod-gone');
  });

  test('goes on while responses are paused', async () => {
    const { id } = await rig.execute('isolate', { target, terms: { ttlSeconds: 60 } });
    await rig.responder.setPaused(true, { by: 'eve', why: '' });
    expect((await rig.until(id, ['reversed'], 10_000)).state).toBe('reversed');
  });

  test('a way back that a person proposed and nobody approved is taken up', async () => {
    const { id } = await rig.execute('isolate', { target, terms: { ttlSeconds: 60 } });
    const proposed = await rig.propose('release', { target });
    await rig.until(id, ['reversed'], 10_000);
    expect(await rig.finished(proposed))
      .toMatchObject({ state: 'verified', approvals: ['collector'] });
  });

  test('while it is under way the audit stays quiet', async () => {
    const { id } = await rig.execute('freeze', { target, terms: { ttlSeconds: 60 } });
    rig.agents.answer('thaw', () => ({ ok: false, reason: 'no-link' }));
    await vi.waitUntil(async () => {
      rig.clock.advance(10_000);
      return (await rig.store.readResponse(`${id}-ttl-1`))?.state === 'failed';
    }, { interval: 2, timeout: 20_000 });
    expect((await rig.audit()).filter((line) => line.startsWith('response.refused'))).toEqual([]);
  });

  test('what a person reversed before is not reversed again', async () => {
    const { id } = await rig.execute('isolate', { target, terms: { ttlSeconds: 60 } });
    await rig.execute('release', { target });
    rig.clock.advance(120_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await rig.store.readResponse(`${id}-ttl-0`)).toBeUndefined();
  });
});

describe('cordon', () => {
  test('marks the node as ours, and only that is uncordoned', async () => {
    const { id, undo } = await rig.execute('cordon', { target });
    expect(undo).toEqual({ kind: 'node', name: 'node-1', uid: 'uid-node-1' });
    expect(rig.cluster.nodes.get('node-1')).toMatchObject({
      isUnschedulable: true,
      annotations: { 'lanner.dev/response': id },
    });
    const node = rig.cluster.nodes.get('node-1');
    if (node) node.annotations = { 'lanner.dev/response': 'somebody-else' };
    const undone = await rig.responder.undo(id, { by: 'ann', why: '' });
    if (!undone.ok) throw new Error(undone.reason);
    await rig.responder.approve(undone.response.id, 'ann');
    expect(await rig.finished(undone.response.id)).toMatchObject({ reason: 'nothing-to-reverse' });
    expect(rig.cluster.nodes.get('node-1')?.isUnschedulable).toBe(true);
  });

  test('never another node than the one the alert and the cluster agree on', async () => {
    expect(await rig.execute('cordon', { target: { pod: 'web-1', podUid: 'old' } }))
      .toMatchObject({ reason: 'pod-replaced' });
    expect(await rig.execute('cordon', { target: { ...target, node: 'n9' } }))
      .toMatchObject({ reason: 'pod-moved', detail: 'the pod is on node-1, not on n9' });
    expect(rig.cluster.changes).toEqual([]);
  });

  test('a node that somebody else cordoned is left to them', async () => {
    const node = rig.cluster.nodes.get('node-1');
    if (node) node.isUnschedulable = true;
    expect(await rig.execute('cordon', { target })).toMatchObject({ reason: 'already' });
    expect(node?.annotations).toBeNull();
  });

  test('a new node of the same name is not uncordoned', async () => {
    const { id } = await rig.execute('cordon', { target });
    rig.cluster.nodes.set('node-1', {
      ...rig.cluster.nodes.get('node-1') ?? raise(),
      uid: 'another',
    });
    const undone = await rig.responder.undo(id, { by: 'ann', why: '' });
    if (!undone.ok) throw new Error(undone.reason);
    await rig.responder.approve(undone.response.id, 'ann');
    expect(await rig.finished(undone.response.id)).toMatchObject({ reason: 'pod-moved' });
  });
});

function raise(): never {
  throw new Error('there is no such node');
}

describe('scale to zero', () => {
  test('changes the count alone, and keeps the old one for the way back', async () => {
    const { id, undo } = await rig.execute('scale-to-zero', { target });
    expect(undo).toMatchObject({
      kind: 'scale',
      controller: { kind: 'Deployment', name: 'web' },
      replicas: 4,
    });
    expect(rig.cluster.changes).toEqual(['scale Deployment/web 4→0']);
    rig.cluster.pods.clear();
    const undone = await rig.responder.undo(id, { by: 'ann', why: '' });
    if (!undone.ok) throw new Error(undone.reason);
    await rig.responder.approve(undone.response.id, 'ann');
    expect((await rig.finished(undone.response.id)).state).toBe('verified');
    expect(rig.cluster.changes.at(-1)).toBe('scale Deployment/web 0→4');
    expect(await rig.state(id)).toBe('reversed');
  });

  test('a number that somebody chose since is theirs', async () => {
    const { id } = await rig.execute('scale-to-zero', { target });
    rig.cluster.controller('Deployment', 'web').desired = 2;
    const undone = await rig.responder.undo(id, { by: 'ann', why: '' });
    if (!undone.ok) throw new Error(undone.reason);
    await rig.responder.approve(undone.response.id, 'ann');
    expect(await rig.finished(undone.response.id)).toMatchObject({ reason: 'nothing-to-reverse' });
    expect(rig.cluster.controller('Deployment', 'web').desired).toBe(2);
  });

  test('a pod without a replica count behind it is refused', async () => {
    rig.cluster.addPod('bare');
    expect(await rig.execute('scale-to-zero', { target: webPod('bare') })).toMatchObject({
      reason: 'no-controller',
    });
  });
});

test('what cannot be taken back, or is not in effect, has no way back', async () => {
  const killed = await rig.execute('kill', { target });
  expect(await rig.responder.undo(killed.id, { by: 'ann', why: '' })).toMatchObject({
    reason: 'no-way-back',
  });
  const proposed = await rig.propose('isolate', { target: webPod('web-2') });
  expect(await rig.responder.undo(proposed, { by: 'ann', why: '' })).toMatchObject({
    reason: 'no-way-back',
  });
});
