import { readFileSync } from 'node:fs';
import { execPath, pid as ownPid } from 'node:process';
import { afterEach, expect, test, vi } from 'vitest';
import type { CommandResult } from '../link/command-desk.ts';
import { systemClock } from '../source/clock.ts';
import type { Clock } from '../source/clock.ts';
import { CgroupTree } from './cgroup-tree.ts';
import { freezePod, thawPod } from './freeze-pod.ts';
import type { FreezeDocument, FreezeOptions } from './freeze-pod.ts';
import { CONFIRM_MS, Freezer } from './freezer.ts';
import { KernelFiles } from './kernel-files.ts';
import { Processes } from './processes.ts';
import type { Target } from './target.ts';
import { FakeNode, ID_A, ID_B, OWN_PID, PAUSE_ID, POD_UID } from './testing/fake-node.ts';
import { documentOf } from './testing/frames.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { RealPod, realVersions } from './testing/real-node.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type Roots = { readonly cgroupRoot: string; readonly procRoot: string };

function optionsOn({ cgroupRoot, procRoot }: Roots, clock: Clock, pid: number): FreezeOptions {
  const tree = new CgroupTree(new KernelFiles(cgroupRoot));
  return {
    tree,
    processes: new Processes(new KernelFiles(procRoot), () => Date.now()),
    freezer: new Freezer(tree.files, clock),
    ownPid: pid,
    clock,
  };
}

const whole = (podUid: string): Target => ({ podUid, containerId: '' });

for (const { version, reason, root } of realVersions) {
  const pod = (): RealPod => {
    const made = new RealPod(version, root);
    cleanups.push(() => made.remove());
    return made;
  };
  const on = (made: RealPod): FreezeOptions =>
    optionsOn({ cgroupRoot: made.cgroupRoot, procRoot: '/proc' }, systemClock, ownPid);
  const ticksOf = (pid: number): number =>
    readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ').slice(13, 15)
      .reduce((sum, ticks) => sum + Number(ticks), 0);

  test.skipIf(reason !== '')(
    `a busy process in a real cgroup v${version} stands still while frozen, and goes on`,
    async () => {
      const made = pod();
      const id = made.container();
      const pid = await made.run(id, execPath, ['-e', 'for (;;) {}']);
      await made.run(made.container(), 'sleep', ['1000']);
      const busy = await vi.waitUntil(() => ticksOf(pid) > 5);
      expect(busy).toBe(true);
      const frozen = await freezePod(whole(made.podUid), on(made), CONFIRM_MS);
      expect(frozen).toMatchObject({ outcome: 'done' });
      const document = documentOf<FreezeDocument>(frozen);
      expect(document.containers.map(({ state }) => state)).toEqual(['frozen', 'frozen']);
      console.log(`cgroup v${version}: ${frozen.detail}`);
      const before = ticksOf(pid);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(ticksOf(pid)).toBe(before);

      expect(await freezePod(whole(made.podUid), on(made), CONFIRM_MS))
        .toMatchObject({ outcome: 'done' });
      expect(await thawPod(whole(made.podUid), on(made), CONFIRM_MS))
        .toMatchObject({ outcome: 'done' });
      await vi.waitUntil(() => ticksOf(pid) > before);
      expect(await thawPod(whole(made.podUid), on(made), CONFIRM_MS))
        .toMatchObject({ outcome: 'done' });
    },
  );

  test.skipIf(reason !== '')(
    `one container of a pod freezes alone in a real cgroup v${version}`,
    async () => {
      const made = pod();
      const [frozenId, otherId] = [made.container(), made.container()];
      const quiet = await made.run(frozenId, execPath, ['-e', 'for (;;) {}']);
      const other = await made.run(otherId, execPath, ['-e', 'for (;;) {}']);
      const target = { podUid: made.podUid, containerId: frozenId.slice(0, 12) };
      expect(await freezePod(target, on(made), CONFIRM_MS)).toMatchObject({ outcome: 'done' });
      const before = { quiet: ticksOf(quiet), other: ticksOf(other) };
      await vi.waitUntil(() => ticksOf(other) > before.other);
      expect(ticksOf(quiet)).toBe(before.quiet);
      await thawPod(target, on(made), CONFIRM_MS);
    },
  );

  test.skipIf(reason !== '')(
    `the agent does not freeze the pod it is in, in a real cgroup v${version}`,
    async () => {
      const made = pod();
      const [id, own] = [made.container(), made.container()];
      await made.run(id, 'sleep', ['1000']);
      // A process stands for the agent: a test that froze its own runner would never end.
      const agent = await made.run(own, 'sleep', ['1000']);
      const options = { ...on(made), ownPid: agent };
      for (const containerId of ['', id]) {
        const target = { podUid: made.podUid, containerId };
        const { detail } = await freezePod(target, options, CONFIRM_MS);
        expect(detail).toMatch(/^own-pod/);
      }
    },
  );
}

function fake(): FakeNode {
  const node = new FakeNode().version2();
  cleanups.push(() => node.remove());
  return node;
}

const POD = `kubepods/burstable/pod${POD_UID}`;
const FROZEN = 'populated 1\nfrozen 1\n';

async function ended(
  result: Promise<CommandResult>,
  clock: ManualClock,
): Promise<CommandResult> {
  await clock.pass(2 * CONFIRM_MS);
  return await result;
}

test('a freeze that is not confirmed stays asked for: a thaw would free the rest', async () => {
  const node = fake();
  node.cgroup(`${POD}/${ID_A}`, [100]);
  node.cgroup(`${POD}/${ID_B}`, [101]);
  node.file(`${POD}/${ID_A}/cgroup.events`, FROZEN);
  const clock = new ManualClock();
  const options = optionsOn(node, clock, OWN_PID);
  const result = await ended(freezePod(whole(POD_UID), options, CONFIRM_MS), clock);
  expect(result).toMatchObject({ outcome: 'failed' });
  expect(result.detail).toMatch(/^not-frozen: 1 of 2 containers frozen/);
  expect(documentOf<FreezeDocument>(result).containers).toEqual([
    { id: ID_A, state: 'frozen' },
    { id: ID_B, state: 'freezing' },
  ]);
  expect(node.read(`${POD}/${ID_B}/cgroup.freeze`)).toMatch(/^1/);
});

test('version 1 is asked again while it says FREEZING', async () => {
  const node = new FakeNode().version1();
  cleanups.push(() => node.remove());
  node.cgroup(`freezer/${POD}/${ID_A}`, [100]);
  const writes: string[] = [];
  /** What a kernel says that has just missed a fork. */
  class Forking extends KernelFiles {
    override readText(path: string, bytesMax: number): string | null {
      if (!path.endsWith('freezer.state')) return super.readText(path, bytesMax);
      return writes.length < 3 ? 'FREEZING\n' : 'FROZEN\n';
    }

    override write(_: string, text: string) {
      writes.push(text);
      return { ok: true } as const;
    }
  }
  const clock = new ManualClock();
  const tree = new CgroupTree(new Forking(node.cgroupRoot));
  const options = { ...optionsOn(node, clock, OWN_PID), tree };
  const freezer = new Freezer(tree.files, clock);
  const frozen = freezePod(whole(POD_UID), { ...options, freezer }, CONFIRM_MS);
  expect(await ended(frozen, clock)).toMatchObject({ outcome: 'done' });
  expect(writes).toEqual(['FROZEN', 'FROZEN', 'FROZEN']);
});

test('the pause container is spared: first to start, alone, and called so', async () => {
  const node = fake();
  node.cgroup(`${POD}/${PAUSE_ID}`, [100]);
  node.cgroup(`${POD}/${ID_A}`, [101, 102]);
  node.process(100, { comm: 'pause', startTicks: 50, exe: '/pause' });
  node.process(101, { comm: 'nginx', startTicks: 60 });
  node.process(102, { comm: 'nginx', startTicks: 61 });
  node.file(`${POD}/${ID_A}/cgroup.events`, FROZEN);
  const result = await freezePod(
    whole(POD_UID), optionsOn(node, new ManualClock(), OWN_PID), CONFIRM_MS,
  );
  expect(result.outcome).toBe('done');
  expect(documentOf<FreezeDocument>(result)).toMatchObject({
    containers: [{ id: ID_A }],
    spared: [PAUSE_ID],
  });
  expect(node.read(`${POD}/${PAUSE_ID}/cgroup.freeze`)).toMatch(/^0/);
});

test.each([
  ['an intruder that calls itself pause', { comm: 'pause', startTicks: 70, exe: '/pause' }],
  ['another program that took the name', { comm: 'pause', startTicks: 50, exe: '/tmp/miner' }],
  ['a first container that is no pause', { comm: 'nginx', startTicks: 50, exe: '/pause' }],
])('%s is frozen with the rest', async (_, intruder) => {
  const node = fake();
  node.cgroup(`${POD}/${ID_A}`, [100]);
  node.cgroup(`${POD}/${ID_B}`, [101]);
  node.process(100, { comm: 'nginx', startTicks: 60 });
  node.process(101, intruder);
  for (const id of [ID_A, ID_B]) node.file(`${POD}/${id}/cgroup.events`, FROZEN);
  const result = await freezePod(
    whole(POD_UID), optionsOn(node, new ManualClock(), OWN_PID), CONFIRM_MS,
  );
  expect(documentOf<FreezeDocument>(result)).toMatchObject({ spared: [] });
  expect(result.detail).toContain('2 of 2 containers frozen');
});

test('a container that is named by its id is frozen even if it is the pause', async () => {
  const node = fake();
  node.cgroup(`${POD}/${PAUSE_ID}`, [100]);
  node.process(100, { comm: 'pause', startTicks: 50, exe: '/pause' });
  node.file(`${POD}/${PAUSE_ID}/cgroup.events`, FROZEN);
  const options = optionsOn(node, new ManualClock(), OWN_PID);
  const named = await freezePod({ podUid: POD_UID, containerId: PAUSE_ID }, options, CONFIRM_MS);
  expect(named.outcome).toBe('done');
  expect(await freezePod(whole(POD_UID), options, CONFIRM_MS)).toMatchObject({
    outcome: 'refused',
    detail: expect.stringMatching(/^no-container/),
  });
});

test('a container that kubelet starts during the freeze is frozen in the next round', async () => {
  const node = fake();
  node.cgroup(`${POD}/${ID_A}`, [100]);
  const clock = new ManualClock();
  const frozen = freezePod(whole(POD_UID), optionsOn(node, clock, OWN_PID), CONFIRM_MS);
  node.cgroup(`${POD}/${ID_B}`, [101]);
  for (const id of [ID_A, ID_B]) node.file(`${POD}/${id}/cgroup.events`, FROZEN);
  const result = await ended(frozen, clock);
  expect(result.detail).toContain('2 of 2 containers frozen');
  expect(node.read(`${POD}/${ID_B}/cgroup.freeze`)).toMatch(/^1/);
});

test.each([
  ['a pod that is not here', whole('aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'), 'no-pod'],
  ['a container of another pod', { podUid: POD_UID, containerId: 'dd'.repeat(32) }, 'no-container'],
  ['an id of two containers', { podUid: POD_UID, containerId: 'a1'.repeat(6) }, 'ambiguous'],
  ['a pod of the control plane', whole('0123456789abcdef0123456789abcdef'), 'static-pod'],
])('%s is refused and nothing is written', async (_, target, reason) => {
  const node = fake();
  const twin = `${'a1'.repeat(31)}ff`;
  const places = [`${POD}/${ID_A}`, `${POD}/${twin}`,
    `kubepods/burstable/pod0123456789abcdef0123456789abcdef/${ID_B}`];
  for (const place of places) node.cgroup(place, [100]);
  const options = optionsOn(node, new ManualClock(), OWN_PID);
  expect(await freezePod(target, options, CONFIRM_MS)).toMatchObject({
    outcome: 'refused',
    detail: expect.stringMatching(new RegExp(`^${reason}: `)),
  });
  for (const place of places) expect(node.read(`${place}/cgroup.freeze`)).toBe('0\n');
});

test('the pod of the agent is known by its cgroup as well as by its processes', async () => {
  const node = fake();
  node.cgroup(`${POD}/${ID_A}`, [100]);
  node.process(OWN_PID, { cgroup: `0::/${POD}/${ID_B}\n` });
  const options = optionsOn(node, new ManualClock(), OWN_PID);
  expect((await freezePod(whole(POD_UID), options, CONFIRM_MS)).detail).toMatch(/^own-pod/);
});

test('a cgroup that is gone, or has no freezer, is said to be so', async () => {
  const node = fake();
  node.file(`${POD}/${ID_A}/cgroup.procs`, '100\n');
  const result = await freezePod(
    whole(POD_UID), optionsOn(node, new ManualClock(), OWN_PID), CONFIRM_MS,
  );
  expect(result).toMatchObject({
    outcome: 'refused',
    detail: expect.stringMatching(/^no-container: it ended/),
  });
});
