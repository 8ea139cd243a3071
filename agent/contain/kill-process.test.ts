import { kill as signal, pid as ownPid, ppid } from 'node:process';
import { afterEach, expect, test } from 'vitest';
import type { CommandResult } from '../link/command-desk.ts';
import { systemClock } from '../source/clock.ts';
import { CgroupTree } from './cgroup-tree.ts';
import { CONFIRM_MS, Freezer } from './freezer.ts';
import { KernelFiles } from './kernel-files.ts';
import { GONE_MS, START_TOLERANCE_MS, killProcess } from './kill-process.ts';
import { Processes } from './processes.ts';
import { FakeNode, ID_A, ID_B, OTHER_UID, OWN_PID, POD_UID } from './testing/fake-node.ts';
import type { FakeProcess } from './testing/fake-node.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { RealPod, realVersions } from './testing/real-node.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const real = () => {
  const processes = new Processes(new KernelFiles('/proc'), () => Date.now());
  const kill = (pid: number): void => void signal(pid, 'SIGKILL');
  return { processes, clock: systemClock, ownPid, kill };
};
const now = (): string => new Date().toISOString();

for (const { version, reason, root } of realVersions) {
  test.skipIf(reason !== '')(
    `a real process in a cgroup v${version} dies, its neighbours do not`,
    async () => {
      const pod = new RealPod(version, root);
      cleanups.push(() => pod.remove());
      const [id, otherId] = [pod.container(), pod.container()];
      const pid = await pod.run(id, 'sleep', ['1000']);
      const neighbour = await pod.run(id, 'sleep', ['1000']);
      const target = { podUid: pod.podUid, containerId: id.slice(0, 12) };

      const wrong = { podUid: pod.podUid, containerId: otherId };
      expect((await killProcess(wrong, { pid, observedAt: now() }, real())).detail)
        .toMatch(/^other-container/);
      const early = new Date(Date.now() - 3_600_000).toISOString();
      expect((await killProcess(target, { pid, observedAt: early }, real())).detail)
        .toMatch(/^started-later: the process started 36000[0-9]{2} ms|^started-later/);
      expect(real().processes.stat(pid)?.state).not.toBe('Z');

      expect(await killProcess(target, { pid, observedAt: now() }, real()))
        .toMatchObject({ outcome: 'done' });
      expect('SRD').toContain(real().processes.stat(neighbour)?.state);
      expect((await killProcess(target, { pid, observedAt: now() }, real())).detail)
        .toMatch(/^no-process/);
    },
  );

  test.skipIf(reason !== '' || version === 2)(
    'a process that is frozen under version 1 is told to be still there',
    async () => {
      const pod = new RealPod(version, root);
      cleanups.push(() => pod.remove());
      const id = pod.container();
      const pid = await pod.run(id, 'sleep', ['1000']);
      const tree = new CgroupTree(new KernelFiles(pod.cgroupRoot));
      const found = tree.findPod(pod.podUid);
      if (found.kind !== 'found') throw new Error('the pod is there');
      await new Freezer(tree.files, systemClock).bring(found.containers, 'frozen', CONFIRM_MS);
      const clock = new ManualClock(Date.now());
      const killed = killProcess(
        { podUid: pod.podUid, containerId: id }, { pid, observedAt: now() }, { ...real(), clock },
      );
      await clock.pass(2 * GONE_MS);
      expect(await killed).toMatchObject({
        outcome: 'failed',
        detail: expect.stringMatching(/^not-dead: .*version 1 dies when it is thawed/),
      });
    },
  );
}

test('the agent, its parents and init are refused on a real node', async () => {
  const target = { podUid: POD_UID, containerId: '' };
  for (const pid of [0, 1, ownPid, ppid]) {
    expect((await killProcess(target, { pid, observedAt: now() }, real())).detail)
      .toMatch(/^protected-process/);
  }
});

/** `/proc` of a node that booted 1,000 s before `nowMs`; the process started at 50 s after that. */
function fake(told: FakeProcess = {}) {
  const node = new FakeNode();
  cleanups.push(() => node.remove());
  const nowMs = Date.UTC(2026, 0, 5);
  const clock = new ManualClock(nowMs);
  const killed: number[] = [];
  const cgroup = `0::/kubepods/burstable/pod${POD_UID}/${ID_A}\n`;
  node.process(100, { startTicks: 5_000, cgroup, ...told });
  const options = {
    processes: new Processes(new KernelFiles(node.procRoot), () => nowMs),
    clock,
    ownPid: OWN_PID,
    kill: (pid: number) => {
      killed.push(pid);
      node.process(pid, { state: 'Z', cgroup });
    },
  };
  const startMs = nowMs - 1_000_000 + 50_000;
  return { node, options, killed, startMs, at: (ms: number) => new Date(ms).toISOString() };
}

const target = { podUid: POD_UID, containerId: ID_A };

test('a pid that was inherited by a later process is not killed', async () => {
  const { options, killed, startMs, at } = fake();
  const observedAt = at(startMs - START_TOLERANCE_MS - 1);
  expect((await killProcess(target, { pid: 100, observedAt }, options)).detail)
    .toMatch(/^started-later: the process started 21 ms after/);
  expect(killed).toEqual([]);
  const result = await killProcess(
    target, { pid: 100, observedAt: at(startMs - START_TOLERANCE_MS) }, options,
  );
  expect(result.outcome).toBe('done');
  expect(killed).toEqual([100]);
});

test('a pid that changes hands between the two looks is not killed', async () => {
  const { node, options, killed, startMs, at } = fake();
  const { processes } = options;
  const place = processes.place.bind(processes);
  processes.place = (pid) => {
    const found = place(pid);
    if (pid === 100) node.process(100, { startTicks: 90_000 });
    return found;
  };
  expect((await killProcess(target, { pid: 100, observedAt: at(startMs) }, options)).detail)
    .toMatch(/^no-process/);
  expect(killed).toEqual([]);
});

const kubepods = '0::/kubepods/burstable';
test.each<[string, FakeProcess, RegExp]>([
  ['a kernel thread', { flags: 0x0020_8040 }, /^protected-process: .*kernel/],
  ['a thread', { tgid: 99 }, /^protected-process: .*thread/],
  ['a process of the node', { cgroup: '0::/system.slice/sshd.service\n' }, /^other-container/],
  ['another pod', { cgroup: `${kubepods}/pod${OTHER_UID}/${ID_A}\n` }, /^other-container/],
  ['another container', { cgroup: `${kubepods}/pod${POD_UID}/${ID_B}\n` }, /^other-container/],
  ['a process that somebody moved',
    { cgroup: `4:pids:/kubepods/pod${OTHER_UID}/${ID_B}\n${kubepods}/pod${POD_UID}/${ID_A}\n` },
    /^other-container/],
  ['one that ended', { state: 'Z' }, /^no-process/],
])('%s is refused', async (_, told, reason) => {
  const { options, killed, startMs, at } = fake(told);
  const result = await killProcess(target, { pid: 100, observedAt: at(startMs) }, options);
  expect(result).toMatchObject({ outcome: 'refused', detail: expect.stringMatching(reason) });
  expect(killed).toEqual([]);
});

test.each<[string, number, string, RegExp]>([
  ['no time', 100, '', /^malformed: observedAt/],
  ['a time that is none', 100, 'yesterday', /^malformed: observedAt/],
  ['a pid that is none', 1.5, '2026-01-05T00:00:00Z', /^malformed: pid/],
  ['a pid below zero: kill(2) takes it for a group', -100, '2026-01-05T00:00:00Z', /^malformed/],
  ['a pid above all', 2 ** 31, '2026-01-05T00:00:00Z', /^malformed/],
  ['a pid that nobody has', 101, '2026-01-05T00:00:00Z', /^no-process/],
])('%s is refused', async (_, pid, observedAt, reason) => {
  const { options, killed } = fake();
  expect((await killProcess(target, { pid, observedAt }, options)).detail).toMatch(reason);
  expect(killed).toEqual([]);
});

test('pods of the control plane and the own pod are left alone', async () => {
  const { node, options, killed, startMs, at } = fake();
  const observedAt = at(startMs);
  const staticPod = { podUid: '0123456789abcdef0123456789abcdef', containerId: '' };
  expect((await killProcess(staticPod, { pid: 100, observedAt }, options)).detail)
    .toMatch(/^static-pod/);
  node.process(OWN_PID, { cgroup: `${kubepods}/pod${POD_UID}/${ID_B}\n` });
  expect((await killProcess(target, { pid: 100, observedAt }, options)).detail)
    .toMatch(/^own-pod/);
  expect(killed).toEqual([]);
});

test('an agent in a pid namespace of its own kills nothing: numbers differ there', async () => {
  const { options, killed, startMs, at } = fake();
  const elsewhere = { ...options, ownPid: 7 };
  expect((await killProcess(target, { pid: 100, observedAt: at(startMs) }, elsewhere)).detail)
    .toMatch(/^not-here/);
  expect(killed).toEqual([]);
});

test('a signal that the kernel refuses, and a process that stays, are failures', async () => {
  const { options, startMs, at } = fake();
  const command = { pid: 100, observedAt: at(startMs) };
  const deny = (): void => {
    throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
  };
  expect(await killProcess(target, command, { ...options, kill: deny }))
    .toMatchObject({ outcome: 'failed', detail: expect.stringMatching(/^not-dead: .*EPERM/) });
  const staying: Promise<CommandResult> =
    killProcess(target, command, { ...options, kill: () => {} });
  await options.clock.pass(2 * GONE_MS);
  expect(await staying).toMatchObject({ outcome: 'failed' });
});
