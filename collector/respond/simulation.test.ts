import fc from 'fast-check';
import { expect, test } from 'vitest';

import { agentDone, seen } from '../testing/fleet-of-agents.ts';
import { RespondRig, webPod } from '../testing/respond-rig.ts';
import { containments } from './response.ts';
import type { Response } from './response.ts';

/**
 * Anything at any time: people propose, approve, reject, pause and undo, agents and the API server
 * fail, pods are replaced, the collector restarts, time passes. Whatever the order, the promises
 * hold. A failure prints its seed.
 */
type Step =
  | { readonly kind: 'propose'; readonly action: number; readonly pod: number; readonly by: string }
  | { readonly kind: 'approve' | 'reject' | 'undo'; readonly which: number; readonly by: string }
  | { readonly kind: 'pause'; readonly isPaused: boolean }
  | { readonly kind: 'fail'; readonly on: string; readonly times: number }
  | { readonly kind: 'agent'; readonly answers: boolean; readonly isActive: boolean }
  | { readonly kind: 'replace'; readonly pod: number }
  | { readonly kind: 'restart' }
  | { readonly kind: 'wait'; readonly ms: number };

const by = fc.constantFrom('ann', 'bob', 'api-token');
const pod = fc.integer({ min: 0, max: 3 });
const which = fc.nat({ max: 30 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('propose' as const), by, pod,
    action: fc.nat({ max: containments.length - 1 }) }) },
  { weight: 9, arbitrary: fc.record({ kind: fc.constant('approve' as const), which, by }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reject' as const), which, by }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('undo' as const), which, by }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const),
    isPaused: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fail' as const),
    on: fc.constantFrom('get', 'delete', 'patch', 'create', 'scale'),
    times: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('agent' as const),
    answers: fc.boolean(), isActive: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace' as const), pod }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const),
    ms: fc.constantFrom(100, 3_000, 40_000, 700_000) }) },
);

const POLICY = `
fourEyes: [kill]
scaleToZero: true
cordon: true
watchSeconds: 5
limits: { perWorkload: 4, perNamespace: 4, windowSeconds: 600 }
`;

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

async function all(rig: RespondRig): Promise<readonly Response[]> {
  const rows = await rig.store.listResponses({}, { limit: 500 });
  return rows.map(({ response }) => response).toReversed();
}

async function perform(rig: RespondRig, one: Step, names: number[]): Promise<void> {
  const responses = await all(rig);
  const id = 'which' in one ? responses[one.which % Math.max(1, responses.length)]?.id : undefined;
  switch (one.kind) {
    case 'propose': {
      const action = containments[one.action] ?? 'kill';
      const target = webPod(`web-${one.pod}`);
      const uid = `uid-web-${one.pod}-${names[one.pod] ?? 0}`;
      await rig.responder.propose(rig.proposal(action, {
        by: one.by,
        target: { ...target, podUid: uid },
        terms: { ttlSeconds: one.pod === 0 ? 60 : 0 },
      }));
      return;
    }
    case 'approve':
      if (id !== undefined) await rig.responder.approve(id, one.by);
      return;
    case 'reject':
      if (id !== undefined) await rig.responder.reject(id, one.by);
      return;
    case 'undo':
      if (id !== undefined) await rig.responder.undo(id, { by: one.by, why: '' });
      return;
    case 'pause':
      await rig.responder.setPaused(one.isPaused, { by: 'eve', why: '' });
      return;
    case 'fail':
      rig.cluster.failNext('unavailable', new RegExp(`^${one.on}`), one.times, 500);
      return;
    case 'agent': {
      const reply = one.answers ? agentDone() : { ok: false as const, reason: 'no-link' };
      for (const action of ['freeze', 'thaw', 'kill-process', 'collect-evidence'] as const) {
        rig.agents.answer(action, () => reply);
      }
      rig.agents.answer('watch', () =>
        one.answers ? agentDone(seen(one.isActive ? [{ source: 'falco' }] : [])) : reply);
      return;
    }
    case 'replace':
      names[one.pod] = (names[one.pod] ?? 0) + 1;
      addPod(rig, one.pod, names);
      return;
    case 'restart':
      await rig.restart();
      return;
    case 'wait':
      rig.clock.advance(one.ms);
  }
}

function addPod(rig: RespondRig, index: number, names: readonly number[]): void {
  const name = `web-${index}`;
  const replica = rig.cluster.addReplica('web', name);
  const uid = `uid-${name}-${names[index] ?? 0}`;
  rig.cluster.pods.set(`shop/${name}`, { ...replica, uid });
}

/** Every delete that the API server carried out, by uid. */
function watchDeletes(rig: RespondRig): string[] {
  const deleted: string[] = [];
  rig.cluster.onDeleted = (gone) => deleted.push(gone.uid);
  return deleted;
}

async function check(rig: RespondRig, deleted: readonly string[]): Promise<void> {
  expect(new Set(deleted).size).toBe(deleted.length);
  const responses = await all(rig);
  for (const uid of deleted) {
    const kills = responses.filter(({ action, target }) =>
      action === 'kill' && target.podUid === uid);
    // Somebody proposed it, and two people stand behind it.
    expect(kills.some(({ proposedBy, approvals }) =>
      new Set([proposedBy, ...approvals].filter((name) => name === 'ann' || name === 'bob'))
        .size === 2)).toBe(true);
  }
  for (const { state, attempts, approvals, executedAtMs, proposedAtMs } of responses) {
    if (attempts === 0) continue;
    expect(approvals.length).toBeGreaterThan(0);
    expect(executedAtMs).toBeGreaterThanOrEqual(proposedAtMs);
    expect(attempts).toBeLessThanOrEqual(40);
    expect(['proposed', 'rejected', 'expired']).not.toContain(state);
  }
  expect(await rig.store.verifyAudit()).toMatchObject({ ok: true });
}

/** In the end nothing hangs: what can end has ended, once the world is well again. */
async function drain(rig: RespondRig): Promise<void> {
  await rig.responder.setPaused(false, { by: 'eve', why: '' });
  for (const action of ['freeze', 'thaw', 'kill-process', 'collect-evidence', 'watch'] as const) {
    rig.agents.answer(action, () => agentDone(action === 'watch' ? seen([]) : undefined));
  }
  const busy = ['approved', 'collecting-evidence', 'executing', 'verifying', 'proposed'];
  for (let turn = 0; turn < 400; turn += 1) {
    rig.clock.advance(60_000);
    await settle();
    if (!(await all(rig)).some(({ state }) => busy.includes(state))) return;
  }
  expect((await all(rig)).filter(({ state }) => busy.includes(state))).toEqual([]);
}

test('whatever happens in whatever order, the promises hold', { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }),
    async (steps) => {
      const rig = await RespondRig.start(POLICY);
      try {
        const names = [0, 0, 0, 0];
        rig.cluster.addDeployment('web', 4);
        rig.cluster.addNode('node-1');
        for (const index of names.keys()) addPod(rig, index, names);
        const deleted = watchDeletes(rig);
        for (const one of steps) {
          await perform(rig, one, names);
          await settle();
        }
        await check(rig, deleted);
        await drain(rig);
        await check(rig, deleted);
      } finally {
        await rig.stop();
      }
    }), { numRuns: 40 });
});
