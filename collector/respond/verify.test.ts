import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { anAlert } from '../testing/alerts.ts';
import { agentDone, seen } from '../testing/fleet-of-agents.ts';
import { anIncident } from '../testing/records.ts';
import { RespondRig, webPod } from '../testing/respond-rig.ts';
import type { Response } from './response.ts';

let rig: RespondRig;
const target = webPod('web-1');

beforeEach(async () => {
  rig = await RespondRig.start('watchSeconds: 30');
  rig.cluster.addDeployment('web', 4);
});

afterEach(() => rig.stop());

describe('freeze and thaw', () => {
  test('are the agent’s work, named by pod uid, and thaw reverses', async () => {
    const frozen = await rig.execute('freeze', { target });
    expect(frozen.state).toBe('verified');
    expect(rig.agents.asked('freeze')).toMatchObject([{ podUid: 'uid-web-1', containerId: '' }]);
    expect(frozen.warnings.join()).toContain('liveness probe');
    const undone = await rig.responder.undo(frozen.id, { by: 'ann', why: 'harmless' });
    if (!undone.ok) throw new Error(undone.reason);
    await rig.responder.approve(undone.response.id, 'ann');
    expect(await rig.finished(undone.response.id)).toMatchObject({
      action: 'thaw',
      state: 'verified',
      reverses: frozen.id,
    });
    expect(await rig.state(frozen.id)).toBe('reversed');
  });

  test('an agent that is away is tried again, a bounded number of times', async () => {
    rig.agents.answer('freeze', () => ({ ok: false, reason: 'no-link' }));
    const id = await rig.approved('freeze', { target });
    expect(await rig.finished(id, 2_000)).toMatchObject({
      state: 'failed',
      reason: 'no-agent',
      attempts: 5,
    });
    const ids = rig.agents.asked('freeze').map((frame) => frame.id);
    expect(new Set(ids).size).toBe(5);
  });

  test('what the agent refuses is not executed, in its words', async () => {
    rig.agents.answer('freeze', () => ({
      ok: true,
      result: { outcome: 'refused', detail: 'own-pod: mine', document: new Uint8Array() },
    }));
    expect(await rig.execute('freeze', { target })).toMatchObject({
      state: 'not-executed',
      reason: 'agent-refused',
      detail: 'own-pod: mine',
    });
  });
});

describe('kill-process', () => {
  const process = { pid: 4_711, observedAt: '2026-03-01T10:00:00.000000000Z', name: 'sh' };
  const over = { target: { ...target, process, containerId: '0123456789ab' } };

  test('names the process, its container and when it was seen', async () => {
    expect((await rig.execute('kill-process', over)).state).toBe('verified');
    expect(rig.agents.asked('kill-process')).toMatchObject([{
      pid: 4_711,
      observedAt: process.observedAt,
      containerId: '0123456789ab',
      podUid: 'uid-web-1',
    }]);
  });

  test('another process of the pod is another proposal; none is refused', async () => {
    await rig.propose('kill-process', over);
    await rig.propose('kill-process', { target: { ...target, process: { ...process, pid: 9 } } });
    expect((await rig.responder.propose(rig.proposal('kill-process', over))).ok).toBe(false);
    expect(await rig.execute('kill-process', { target: webPod('web-2') })).toMatchObject({
      reason: 'no-process',
    });
  });

  test('asked again after a lost answer, one that is gone is done', async () => {
    const answers = [
      { ok: false as const, reason: 'link-closed' },
      { ok: true as const, result: { outcome: 'refused' as const, detail: 'no-process: none',
        document: new Uint8Array() } },
    ];
    rig.agents.answer('kill-process', () => answers.shift() ?? agentDone());
    const id = await rig.approved('kill-process', over);
    expect(await rig.finished(id, 2_000)).toMatchObject({ state: 'verified', attempts: 2 });
    const ids = rig.agents.asked('kill-process').map((frame) => frame.id);
    expect(new Set(ids).size).toBe(1);
  });
});

describe('the watch', () => {
  test('comes after the action, lasts as long as the policy says, and is in the record', async () => {
    let answer: (activity: readonly unknown[]) => void = () => undefined;
    rig.agents.answer('watch', () => new Promise((resolve) => {
      answer = (activity) => resolve(agentDone(seen(activity, ['Falco was silent'])));
    }));
    const id = await rig.approved('isolate', { target });
    await vi.waitUntil(() => rig.agents.asked('watch').length === 1);
    expect(await rig.read(id)).toMatchObject({
      state: 'verifying',
      watchEndsAtMs: rig.clock.now() + 30_000,
    });
    expect(rig.agents.asked('watch')).toMatchObject([{ podUid: 'uid-web-1', seconds: 30 }]);
    answer([]);
    expect(await rig.finished(id)).toMatchObject({
      state: 'verified',
      warnings: expect.arrayContaining(['Falco was silent']) as string[],
    });
  });

  test.each([
    ['is away', () => ({ ok: false as const, reason: 'no-link' }), 'no-link'],
    ['answers nonsense', () => agentDone(Buffer.from('{}')), 'could not be read'],
    ['answers another thing', () => agentDone(seen('x' as never)), 'could not be read'],
  ])('an agent that %s leaves it verified by the API alone, and says so', async (_, answer, why) => {
    rig.agents.answer('watch', answer);
    const { state, warnings } = await rig.execute('isolate', { target });
    expect(state).toBe('verified');
    expect(warnings.join()).toMatch(new RegExp(`did not watch.*${why}`));
  });

  test('activity is "not effective": people are told, in the pod’s own words, bounded', async () => {
    const hostile = { source: 'falco', record: `\ud800 ${'x'.repeat(5_000)}` };
    rig.agents.answer('watch', () => agentDone(seen([hostile])));
    const isolated = await rig.execute('isolate', { target });
    expect(isolated).toMatchObject({ state: 'not-effective', reason: 'activity' });
    expect(isolated.detail.isWellFormed()).toBe(true);
    expect(isolated.detail.length).toBeLessThan(400);
    expect(rig.raised).toHaveLength(1);
    expect(rig.raised[0]).toMatchObject({
      id: `alert-of-${isolated.id}.not-effective`,
      severity: 'critical',
      kind: 'rule',
      podUid: 'uid-web-1',
    });
    expect(rig.raised[0]?.firstTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    // What did not help is still in effect, and can be taken back.
    expect((await rig.execute('release', { target })).state).toBe('verified');
    expect((await rig.read(isolated.id)).state).toBe('reversed');
  });

  test('what a released pod does is no failure of the isolation', async () => {
    let answer: () => void = () => undefined;
    rig.agents.answer('watch', () => new Promise((resolve) => {
      answer = () => resolve(agentDone(seen([{ source: 'falco' }])));
    }));
    const id = await rig.approved('isolate', { target });
    await rig.until(id, ['verifying']);
    await vi.waitUntil(() => rig.agents.asked('watch').length === 1);
    await rig.execute('release', { target });
    answer();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await rig.read(id)).state).toBe('reversed');
    expect(rig.raised).toEqual([]);
  });

  test('the policy does not decide on the alert that the responder raised itself', async () => {
    rig.agents.answer('watch', () => agentDone(seen([{}])));
    await rig.execute('isolate', { target });
    const [own] = rig.raised;
    if (own === undefined) throw new Error('nothing raised');
    rig.setPolicy('rules: [{ name: r, match: {}, mode: act, action: kill }]');
    await rig.responder.consider(anIncident(), own);
    expect(rig.decided).toEqual([]);
    // An agent that makes such an id up gets no exemption for it.
    await rig.responder.consider(anIncident(), { ...own, id: 'alert-of-made-up.kill-loop' });
    expect(rig.decided).toEqual(['act']);
  });
});

describe('the next action of the policy', () => {
  const act = (mode: string) => `{ rules: [{ name: r, match: {}, mode: ${mode}, action: isolate,
    fallback: [freeze, kill] }] }`;
  const alert = anAlert({ pod: 'web-1', podUid: 'uid-web-1' });
  const all = async (): Promise<readonly Response[]> =>
    (await rig.store.listResponses({}, { limit: 10 })).map(({ response }) => response).toReversed();

  test('follows by itself where the policy acts, to the last one', async () => {
    rig.setPolicy(act('act'));
    rig.agents.answer('watch', () => agentDone(seen([{ source: 'cgroup' }])));
    await rig.responder.consider(anIncident(), alert);
    await vi.waitUntil(async () => (await all()).at(-1)?.state === 'verified');
    expect((await all()).map(({ action, state }) => `${action} ${state}`)).toEqual([
      'isolate not-effective',
      'freeze not-effective',
      'kill verified',
    ]);
    expect(rig.cluster.pod('web-1')).toBeUndefined();
    expect((await all())[2]).toMatchObject({ why: 'freeze had no effect', rule: 'r' });
  });

  test('is proposed where a person approved the one before', async () => {
    rig.setPolicy(act('propose'));
    rig.agents.answer('watch', () => agentDone(seen([{}])));
    await rig.responder.consider(anIncident(), alert);
    const [first] = await all();
    await rig.responder.approve(first?.id ?? '', 'ann');
    await rig.finished(first?.id ?? '');
    expect((await all()).map(({ action, state }) => `${action} ${state}`)).toEqual([
      'isolate not-effective',
      'freeze proposed',
    ]);
  });

  test('waits for a person while responses are paused', async () => {
    rig.setPolicy(act('act'));
    rig.agents.answer('watch', async () => {
      await rig.responder.setPaused(true, { by: 'eve', why: 'stop' });
      return agentDone(seen([{}]));
    });
    await rig.responder.consider(anIncident(), alert);
    const [first] = await all();
    await rig.finished(first?.id ?? '');
    expect((await all()).at(-1)).toMatchObject({ action: 'freeze', state: 'proposed' });
  });
});
