import { writeFileSync, mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { execPath, pid as ownPid } from 'node:process';
import { afterEach, expect, test, vi } from 'vitest';
import type { CommandResult } from '../link/command-desk.ts';
import { NO_MORE_RULES } from '../outbox/redact.ts';
import { systemClock } from '../source/clock.ts';
import { CgroupTree } from './cgroup-tree.ts';
import { CONFIRM_MS, Freezer } from './freezer.ts';
import { KernelFiles } from './kernel-files.ts';
import { ProcessFiles } from './process-files.ts';
import { Processes } from './processes.ts';
import { FakeNode, ID_A, ID_B, OTHER_UID, OWN_PID, POD_UID } from './testing/fake-node.ts';
import { documentOf } from './testing/frames.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { observation } from './testing/observations.ts';
import { RealPod, realVersions } from './testing/real-node.ts';
import { LOOK_MS, OTHER_MAX, Watch } from './watch.ts';
import type { WatchOptions } from './watch.ts';
import type { WatchDocument } from './watch-document.ts';
import { isForeign, nodeAddresses } from './watch-sockets.ts';
import { readSockets } from './evidence-process.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type Roots = { readonly cgroupRoot: string; readonly procRoot: string };

function optionsOn(roots: Roots, over: Partial<WatchOptions> = {}): WatchOptions {
  const tree = new CgroupTree(new KernelFiles(roots.cgroupRoot));
  const proc = new KernelFiles(roots.procRoot);
  return {
    tree,
    processes: new Processes(proc, () => Date.now()),
    processFiles: new ProcessFiles(proc, systemClock),
    freezer: new Freezer(tree.files, systemClock),
    clock: systemClock,
    rules: NO_MORE_RULES,
    ownPid,
    isSensing: () => true,
    ...over,
  };
}

function begun(begin: Watch | CommandResult): Watch {
  if (!(begin instanceof Watch)) throw new Error(begin.detail);
  return begin;
}

const told = async (watch: Watch): Promise<WatchDocument> =>
  documentOf<WatchDocument>(await watch.result);

const POD = `kubepods/burstable/pod${POD_UID}`;
const target = { podUid: POD_UID, containerId: '' };
const START_MS = Date.UTC(2026, 0, 5);

/** A pod of two containers, frozen or not, and a clock that a test moves. */
function fake(state: 'frozen' | 'running') {
  const node = new FakeNode().version2();
  cleanups.push(() => node.remove());
  const set = (id: string, isFrozen: boolean): void => {
    node.cgroup(`${POD}/${id}`, [id === ID_A ? 100 : 101]);
    node.file(`${POD}/${id}/cgroup.freeze`, isFrozen ? '1\n' : '0\n');
    node.file(`${POD}/${id}/cgroup.events`, `populated 1\nfrozen ${isFrozen ? 1 : 0}\n`);
  };
  for (const [id, pid] of [[ID_A, 100], [ID_B, 101]] as const) {
    set(id, state === 'frozen');
    node.process(pid);
  }
  const clock = new ManualClock(START_MS);
  const options = optionsOn(node, { clock, ownPid: OWN_PID });
  const watch = (seconds: number, over: Partial<WatchOptions> = {}): Watch =>
    begun(Watch.begin(target, seconds, { ...options, ...over }));
  return { node, clock, set, watch };
}

test('a frozen pod that does nothing is told so when the time is over', async () => {
  const { clock, watch } = fake('frozen');
  const watching = watch(30);
  await clock.pass(29_000);
  watching.note(observation.exec({ at: -1 }));
  watching.note(observation.exec({ at: 5, podUid: OTHER_UID }));
  watching.note(observation.open({ at: 5, path: '/a' }));
  await clock.pass(2_000);
  expect(await told(watching)).toMatchObject({
    format: 'lanner-watch/1',
    contained: 'frozen',
    activity: [],
    isGone: false,
    problems: [],
    from: '2026-01-05T00:00:00.000000000Z',
    to: '2026-01-05T00:00:30.000000000Z',
  });
  expect((await watching.result).outcome).toBe('done');
});

test.each([
  ['starts a program', observation.exec({ at: 1, commandLine: 'sh -c id' })],
  ['connects', observation.connect({ at: 1, result: 'EINPROGRESS' })],
  ['is connected to', observation.accept({ at: 1 })],
])('a frozen pod that %s is told at once', async (_, seen) => {
  const { watch } = fake('frozen');
  const watching = watch(3_000);
  watching.note(seen);
  expect(await told(watching)).toMatchObject({
    activity: [{ source: 'falco', record: { kind: seen.kind } }],
  });
  expect((await watching.result).detail).toBe('activity: it is not contained');
});

test('a pod that somebody thaws is told at the next look', async () => {
  const { clock, set, watch } = fake('frozen');
  const watching = watch(60);
  await clock.pass(10 * LOOK_MS);
  set(ID_B, false);
  await clock.pass(LOOK_MS);
  expect(await told(watching)).toMatchObject({
    activity: [{ source: 'cgroup', containerId: ID_B, state: 'thawed' }],
  });
});

test('a container that kubelet starts in a frozen pod is told', async () => {
  const { node, clock, watch } = fake('frozen');
  const watching = watch(60);
  const fresh = 'c3'.repeat(32);
  node.cgroup(`${POD}/${fresh}`, [102]);
  await clock.pass(LOOK_MS);
  expect(await told(watching)).toMatchObject({
    activity: [{ source: 'cgroup', containerId: fresh, state: 'thawed' }],
  });
});

test('a pod that is gone ends the watch', async () => {
  const { node, clock, watch } = fake('frozen');
  const watching = watch(60);
  node.remove();
  await clock.pass(LOOK_MS);
  expect(await told(watching)).toMatchObject({ isGone: true, activity: [] });
  expect(Watch.begin(target, 60, optionsOn(node)))
    .toMatchObject({ outcome: 'refused', detail: expect.stringMatching(/^no-pod/) });
});

test('in an isolated pod connections outward count, the rest is told beside', async () => {
  const { clock, watch } = fake('running');
  const watching = watch(60);
  for (const one of [
    observation.exec({ at: 1 }),
    observation.connect({ at: 2, address: '127.0.0.1' }),
    observation.connect({ at: 3, address: '10.1.0.5', localAddress: '10.1.0.5' }),
    observation.connect({ at: 4, address: '', result: 'ETIMEDOUT' }),
    observation.connect({ at: 5, result: 'EINPROGRESS' }),
    observation.connect({ at: 6, protocol: 'udp', port: 53 }),
    observation.accept({ at: 7 }),
  ]) watching.note(one);
  await clock.pass(1_000);
  watching.note(observation.connect({ at: 8, address: '203.0.113.9', port: 4_444 }));
  const document = await told(watching);
  expect(document).toMatchObject({
    contained: 'running',
    activity: [{ record: { kind: 'connect', what: '203.0.113.9 port 4444' } }],
  });
  expect(document.other.map(({ kind }) => kind))
    .toEqual(['exec', 'connect', 'connect', 'connect', 'connect', 'connect', 'accept']);
});

test('what is told beside is bounded and counted', async () => {
  const { clock, watch } = fake('running');
  const watching = watch(5);
  for (let at = 1; at <= OTHER_MAX + 5; at += 1) watching.note(observation.exec({ at }));
  await clock.pass(6_000);
  const { other, otherDropped } = await told(watching);
  expect([other.length, otherDropped]).toEqual([OTHER_MAX, 5]);
});

const tcp = (lines: readonly string[]): string => `  sl  local_address\n${lines.join('\n')}\n`;
/** 10.1.0.5 on port 80, where it listens; 10.9.0.1 is the node, 203.0.113.9 is not. */
const LISTEN = '   0: 0500010A:0050 00000000:0000 0A 0:0 00:0 0 0 0 1 1 x 0';
const PROBE = '   1: 0500010A:0050 0100090A:9C40 01 0:0 00:0 0 0 0 2 1 x 0';
const FOREIGN = '   2: 0500010A:9C41 097100CB:115C 01 0:0 00:0 0 0 0 3 1 x 0';
const BEFORE = '   3: 0500010A:9C42 097100CB:01BB 01 0:0 00:0 0 0 0 4 1 x 0';

function withSockets(node: FakeNode, lines: readonly string[]): void {
  for (const pid of [100, 101]) {
    mkdirSync(join(node.procRoot, `${pid}/net`), { recursive: true });
    writeFileSync(join(node.procRoot, `${pid}/net/tcp`), tcp(lines));
  }
  mkdirSync(join(node.procRoot, '1/net'), { recursive: true });
  writeFileSync(join(node.procRoot, '1/net/fib_trie'),
    'Main:\n           |-- 10.9.0.1\n              /32 host LOCAL\n');
}

test('a new connection in the table counts, one from before and a probe do not', async () => {
  const { node, clock, watch } = fake('running');
  withSockets(node, [LISTEN, BEFORE]);
  let looks = 0;
  const proc = new KernelFiles(node.procRoot, (path) => {
    if (path.endsWith('/net/udp6')) looks += 1;
  });
  let isAnswered = false;
  const watching = watch(3_600, { processFiles: new ProcessFiles(proc, systemClock) });
  void watching.result.then(() => (isAnswered = true));
  /** Real reads take real time: the clock moves until two whole looks are over. */
  const looked = async (): Promise<void> => {
    const until = looks + 3;
    await vi.waitUntil(async () => {
      await clock.pass(LOOK_MS);
      return looks >= until;
    });
  };
  await looked();
  withSockets(node, [LISTEN, BEFORE, PROBE]);
  await looked();
  withSockets(node, [LISTEN, BEFORE, PROBE, FOREIGN]);
  await vi.waitUntil(async () => {
    await clock.pass(LOOK_MS);
    return isAnswered || looks >= 12;
  });
  expect(await told(watching)).toMatchObject({
    activity: [{
      source: 'sockets',
      connection: { remoteAddress: '203.0.113.9', remotePort: 4_444, isFromNode: false },
    }],
    problems: [],
  });
});

test('what nobody could see is a problem, not a proof', async () => {
  const { clock, watch } = fake('running');
  const watching = watch(2, { isSensing: () => false, ownPid: 7 });
  await clock.pass(3_000);
  const { activity, problems } = await told(watching);
  expect(activity).toEqual([]);
  expect(problems.join()).toContain('Falco sent nothing');
  expect(problems.join()).toContain('sockets of the pod cannot be read');
});

test('an agent that stops answers that it does not know', async () => {
  const { watch } = fake('frozen');
  const watching = watch(60);
  watching.stop();
  expect(await watching.result).toMatchObject({ outcome: 'refused' });
});

test('the addresses of this node are read from its routing tables', () => {
  const own = nodeAddresses(new KernelFiles('/proc'));
  for (const { address, family } of Object.values(networkInterfaces()).flat().filter((one) => one)
    .map((one) => ({ address: one?.address ?? '', family: one?.family }))) {
    if (family === 'IPv4') expect(own).toContain(address);
  }
  expect(own).toContain('127.0.0.1');
  expect(['10.0.0.1', '::1', '127.8.8.8', '0.0.0.0', '', 'x', '2001:db8::1'].map(isForeign))
    .toEqual([true, false, false, false, false, false, true]);
});

for (const { version, reason, root } of realVersions) {
  test.skipIf(reason !== '')(
    `a real pod in a cgroup v${version} that is thawed behind our back is found out`,
    async () => {
      const pod = new RealPod(version, root);
      cleanups.push(() => pod.remove());
      await pod.run(pod.container(), execPath, ['-e', 'for (;;) {}']);
      const options = optionsOn({ cgroupRoot: pod.cgroupRoot, procRoot: '/proc' });
      const found = options.tree.findPod(pod.podUid);
      if (found.kind !== 'found') throw new Error('the pod is there');
      await options.freezer.bring(found.containers, 'frozen', CONFIRM_MS);
      const watching = begun(
        Watch.begin({ podUid: pod.podUid, containerId: '' }, 60, options),
      );
      await options.freezer.bring(found.containers, 'thawed', CONFIRM_MS);
      expect(await told(watching)).toMatchObject({
        contained: 'frozen',
        activity: [{ source: 'cgroup' }],
      });
    },
  );
}

const outside = Object.values(networkInterfaces()).flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

test.skipIf(outside === undefined)('a connection shows in the kernel’s own table', async () => {
  // The pod of the test shares its network with the node, so that the table itself is looked at.
  const server = createServer().listen(0, outside);
  await vi.waitUntil(() => server.listening);
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, outside ?? '');
  cleanups.push(() => {
    socket.destroy();
    server.close();
  });
  const files = new ProcessFiles(new KernelFiles('/proc'), systemClock);
  await vi.waitUntil(async () =>
    [...(await readSockets(ownPid, files)).values()].some(({ state, remotePort, remoteAddress }) =>
      state === 'established' && remotePort === port && remoteAddress === outside));
});
