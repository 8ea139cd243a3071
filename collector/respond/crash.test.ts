import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { agentDone, seen } from '../testing/fleet-of-agents.ts';
import { RespondRig, finalStates, webPod } from '../testing/respond-rig.ts';
import { ISOLATED_LABEL } from './labels.ts';
import type { Response, ResponseAction } from './response.ts';

/**
 * A collector that dies at any point finishes what it had begun after its restart, and does nothing
 * twice. Every call that it makes to the store, the cluster and the agents is a point: it dies
 * before the call, or after it took effect and before it heard of it.
 */
class Crash extends Error {}

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

let rig: RespondRig;

beforeEach(async () => {
  rig = await RespondRig.start(
    '{ watchSeconds: 10, limits: { perCluster: 9999, perNode: 9999 }, scaleToZero: true }',
  );
});

afterEach(() => rig.stop());

/** Dies at call `at`, restarts, and gives back how it ended; false when it never died. */
async function dieAt(
  action: ResponseAction,
  at: number,
  when: 'before' | 'after',
): Promise<{ readonly response: Response; readonly died: boolean; readonly name: string }> {
  const name = `p-${at}-${when}`;
  // A namespace of its own, so that no limit is what stops it.
  rig.cluster.addDeployment(name, 4, name);
  const pod = `${name}-0`;
  await rig.restart({ mayExecute: () => false });
  const id = await rig.approved(action, { target: { ...webPod(pod), namespace: name, process: {
    pid: 99, observedAt: '2026-03-01T10:00:00Z', name: 'sh' } } });
  const death = dying(at, when);
  await rig.restart({
    store: death.wrap(rig.store),
    kube: death.wrap(rig.cluster),
    agents: death.wrap(rig.agents),
  });
  await vi.waitUntil(async () =>
    death.died() || finalStates.includes((await rig.store.readResponse(id))?.state ?? ''),
  { interval: 1 });
  const died = death.died();
  await rig.restart();
  return { response: await rig.finished(id), died, name };
}

async function atEveryPoint(
  action: ResponseAction,
  check: (response: Response, name: string) => void,
): Promise<number> {
  let points = 0;
  for (let isThrough = false; !isThrough; points += 1) {
    for (const when of ['before', 'after'] as const) {
      const { response, died, name } = await dieAt(action, points + 1, when);
      isThrough = !died;
      expect(response.state, `${action} died ${when} call ${points + 1}`).toBe('verified');
      check(response, name);
    }
  }
  return points;
}

const count = (pattern: RegExp): number =>
  rig.cluster.changes.filter((line) => pattern.test(line)).length;

test('kill: with its evidence, and one delete', { timeout: 120_000 }, async () => {
  const points = await atEveryPoint('kill', (response, name) => {
    expect(rig.cluster.pods.has(`${name}/${name}-0`)).toBe(false);
    expect(count(new RegExp(`^delete pod/${name}-0$`))).toBe(1);
    expect(response.evidence.map((item) => item.name)).toContain('agent.json.gz');
  });
  expect(points).toBeGreaterThan(15);
});

test('isolate: labelled once, watched, with the way back', { timeout: 120_000 }, async () => {
  const points = await atEveryPoint('isolate', (_, name) => {
    const pod = rig.cluster.pods.get(`${name}/${name}-0`);
    expect(pod?.labels).toEqual({ team: 'pay', [ISOLATED_LABEL]: 'true' });
    expect(pod?.annotations?.['lanner.dev/detached-labels'])
      .toBe(`{"app":"${name}","pod-template-hash":"h1"}`);
    expect(count(new RegExp(`^patch pod/${name}-0$`))).toBe(1);
  });
  expect(points).toBeGreaterThan(15);
});

test('kill-process: one name for every attempt, so the agent does it once',
  { timeout: 120_000 },
  async () => {
    await atEveryPoint('kill-process', ({ id }) => {
      const ids = rig.agents.asked('kill-process').filter((frame) => frame.id.startsWith(id))
        .map((frame) => frame.id);
      expect(new Set(ids).size).toBe(1);
    });
  });

test('scale to zero: the number for the way back is the one from before',
  { timeout: 120_000 },
  async () => {
    await atEveryPoint('scale-to-zero', ({ undo }, name) => {
      expect(undo).toMatchObject({ kind: 'scale', replicas: 4 });
      expect(rig.cluster.controllers.get(`Deployment ${name}/${name}`)?.desired).toBe(0);
    });
  });

test('while it raises "not effective": people are told once, the next action is proposed once',
  { timeout: 120_000 },
  async () => {
    rig.agents.answer('watch', () => agentDone(seen([{ source: 'cgroup' }])));
    rig.cluster.addDeployment('web', 4);
    const terms = {};
    let ended = false;
    for (let at = 1; !ended; at += 1) {
      const id = await rig.approved('isolate', { target: webPod('web-1'), terms });
      const death = dying(at, 'after');
      await rig.restart({ store: death.wrap(rig.store), agents: death.wrap(rig.agents) });
      await vi.waitUntil(async () =>
        death.died() || finalStates.includes((await rig.store.readResponse(id))?.state ?? ''),
      { interval: 1 });
      ended = !death.died();
      await rig.restart();
      expect((await rig.finished(id)).state).toBe('not-effective');
      const told = new Set(rig.raised.filter((alert) => alert.id.includes(id))
        .map((alert) => alert.id));
      expect([...told]).toEqual([`alert-of-${id}.not-effective`]);
      expect((await rig.execute('release', { target: webPod('web-1') })).state).toBe('verified');
      rig.clock.advance(700_000);
    }
  });
