import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, pid as ownPid } from 'node:process';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NO_MORE_RULES } from '../outbox/redact.ts';
import { systemClock } from '../source/clock.ts';
import { CgroupTree } from './cgroup-tree.ts';
import { PROCESSES_MAX, collectEvidence } from './evidence.ts';
import type { EvidenceOptions } from './evidence.ts';
import type { EvidenceDocument } from './evidence-document.ts';
import { Freezer } from './freezer.ts';
import { KernelFiles } from './kernel-files.ts';
import { ProcessFiles } from './process-files.ts';
import { Processes } from './processes.ts';
import { Recorder } from './recorder.ts';
import { FakeNode, ID_A, OWN_PID, POD_UID } from './testing/fake-node.ts';
import { documentOf } from './testing/frames.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { observation } from './testing/observations.ts';
import { RealPod, realVersions } from './testing/real-node.ts';

let dir = '';
const cleanups: (() => Promise<void> | void)[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lanner-evidence-'));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  rmSync(dir, { recursive: true, force: true });
});

type Roots = { readonly cgroupRoot: string; readonly procRoot: string };

function optionsOn({ cgroupRoot, procRoot }: Roots, over: Partial<EvidenceOptions> = {}) {
  const tree = new CgroupTree(new KernelFiles(cgroupRoot));
  const proc = new KernelFiles(procRoot);
  const clock = over.clock ?? systemClock;
  return {
    tree,
    processes: new Processes(proc, () => Date.now()),
    processFiles: new ProcessFiles(proc, systemClock),
    freezer: new Freezer(tree.files, systemClock),
    recorder: new Recorder(NO_MORE_RULES),
    clock,
    rules: NO_MORE_RULES,
    ownPid,
    ...over,
  };
}

/** Listens, and then says its port. */
const SERVER = `
  const server = require('net').createServer().listen(0, '127.0.0.1');
  server.on('listening', () =>
    require('fs').writeFileSync(process.argv[1], String(server.address().port)));
`;

for (const { version, reason, root } of realVersions) {
  test.skipIf(reason !== '')(
    `real processes in a cgroup v${version} are told with sockets, digest and deleted program`,
    async () => {
      const pod = new RealPod(version, root);
      cleanups.push(() => pod.remove());
      const id = pod.container();
      const portFile = join(dir, 'port');
      const server = await pod.run(id, execPath, ['-e', SERVER, portFile, '--password=hunter2']);
      const copy = join(dir, 'miner');
      copyFileSync('/usr/bin/sleep', copy);
      const miner = await pod.run(id, copy, ['1000']);
      unlinkSync(copy);
      const port = await vi.waitUntil(() => {
        try {
          return Number(readFileSync(portFile, 'utf8'));
        } catch {
          return 0;
        }
      });
      const options = optionsOn({ cgroupRoot: pod.cgroupRoot, procRoot: '/proc' });
      const result = await collectEvidence({ podUid: pod.podUid, containerId: '' }, 60, options);
      expect(result.outcome).toBe('done');
      const document = documentOf<EvidenceDocument>(result);
      expect(document).toMatchObject({
        format: 'lanner-evidence/1',
        podUid: pod.podUid,
        containers: [{ id, cgroupVersion: version, state: 'thawed', processes: 2 }],
        processesDropped: 0,
        problems: [],
      });
      const told = new Map(document.processes.map((process) => [process.pid, process]));
      expect(told.get(server)).toMatchObject({
        containerId: id,
        name: expect.stringMatching(/^node/),
        ppid: ownPid,
        isExeDeleted: false,
        isMemfd: false,
        uids: [0, 0, 0, 0],
        sockets: [{
          protocol: 'tcp',
          state: 'listen',
          localAddress: '127.0.0.1',
          localPort: port,
        }],
      });
      expect(told.get(server)?.commandLine).toContain('--password=');
      expect(JSON.stringify(document)).not.toContain('hunter2');
      const sleep = createHash('sha256').update(readFileSync('/usr/bin/sleep')).digest('hex');
      expect(told.get(miner)).toMatchObject({
        exe: `${copy} (deleted)`,
        exeSha256: sleep,
        isExeDeleted: true,
        commandLine: `${copy} 1000`,
        cwd: process.cwd(),
      });
      expect(told.get(miner)?.mappings.join()).toMatch(/r-xp .*miner \(deleted\)/);
      const startedMs = Date.parse(told.get(miner)?.startedAt ?? '');
      expect(Math.abs(Date.now() - startedMs)).toBeLessThan(60_000);
      console.log(`evidence v${version}: ${result.detail}, ${result.document.length} bytes`);
    },
  );
}

const POD = `kubepods/burstable/pod${POD_UID}`;
const target = { podUid: POD_UID, containerId: '' };

function fake(pids: readonly number[]): FakeNode {
  const node = new FakeNode().version2();
  cleanups.push(() => node.remove());
  node.cgroup(`${POD}/${ID_A}`, pids);
  return node;
}

test('hostile names and command lines come out well-formed, and the rest stands', async () => {
  const node = fake([100, 101]);
  node.process(100, { comm: Buffer.from([0x29, 0x20, 0xff, 0x0a, 0x28]) });
  node.process(101, { comm: 'ok', exe: '/memfd:x (deleted)' });
  writeFileSync(join(node.procRoot, '100/cmdline'),
    Buffer.concat([Buffer.from('sh\0-c\0'), Buffer.from([255, 254]), Buffer.alloc(9_000, 'x')]));
  const result = await collectEvidence(target, 0, optionsOn(node, { ownPid: OWN_PID }));
  const { processes, problems } = documentOf<EvidenceDocument>(result);
  expect(processes.map(({ name }) => name)).toEqual([') \ufffd\n(', 'ok']);
  expect(processes[1]).toMatchObject({ isMemfd: true, isExeDeleted: true, exeSha256: '' });
  expect(processes[0]?.commandLine.startsWith('sh -c \ufffd\ufffdx')).toBe(true);
  expect(processes[0]?.commandLine.isWellFormed()).toBe(true);
  expect(Buffer.byteLength(processes[0]?.commandLine ?? '')).toBeLessThanOrEqual(4_096);
  expect(problems.join()).toContain('descriptors of 2 processes');
});

test('more processes than the bound are counted', async () => {
  const pids = Array.from({ length: PROCESSES_MAX + 3 }, (_, index) => 10_000 + index);
  const node = fake(pids);
  for (const pid of pids) node.process(pid);
  const result = await collectEvidence(target, 0, optionsOn(node, { ownPid: OWN_PID }));
  const document = documentOf<EvidenceDocument>(result);
  expect(document.processes).toHaveLength(PROCESSES_MAX);
  expect(document.processesDropped).toBe(3);
  expect(document.problems.join()).toContain('3 processes left out');
});

test('when the time is over, what is there is told', async () => {
  const node = fake([100, 101]);
  for (const pid of [100, 101]) node.process(pid);
  const clock = new ManualClock();
  // The first process took all of the time.
  let looks = 0;
  clock.nowMs = () => (looks += 1) > 2 ? 1e9 : 0;
  const result = await collectEvidence(target, 0, optionsOn(node, { ownPid: OWN_PID, clock }));
  expect(documentOf<EvidenceDocument>(result)).toMatchObject({ processesDropped: 1 });
});

test('a pod that ended is told by what was observed, one nobody knows is refused', async () => {
  const node = new FakeNode().version2();
  cleanups.push(() => node.remove());
  const clock = new ManualClock(Date.UTC(2026, 0, 5) + 100_000);
  const options = optionsOn(node, { ownPid: OWN_PID, clock });
  expect(await collectEvidence(target, 60, options))
    .toMatchObject({ outcome: 'refused', detail: expect.stringMatching(/^no-pod/) });
  options.recorder.note(observation.exec({ at: 39, commandLine: 'too long ago' }));
  options.recorder.note(observation.exec({ at: 41, commandLine: 'sh -c id' }));
  const document = documentOf<EvidenceDocument>(await collectEvidence(target, 60, options));
  expect(document.observations.map(({ what }) => what)).toEqual(['sh -c id']);
  expect(document.problems).toEqual([expect.stringMatching(/^no processes: no-pod/)]);
});

test('what does not fit into a frame loses its oldest observations first', async () => {
  const node = fake([]);
  const clock = new ManualClock(Date.UTC(2026, 0, 5) + 300_000);
  const options = optionsOn(node, { ownPid: OWN_PID, clock });
  for (let at = 0; at < 256; at += 1) {
    options.recorder.note(observation.exec({ at, commandLine: `sh ${Math.random()}` }));
  }
  const result = await collectEvidence(target, 3_600, { ...options, bytesMax: 4_000 });
  expect(result.document.length).toBeLessThanOrEqual(4_000);
  const document = documentOf<EvidenceDocument>(result);
  expect(document.observations.length + document.observationsDropped).toBe(256);
  expect(document.observations.at(-1)?.time).toContain('00:04:15');
  expect(await collectEvidence(target, 3_600, { ...options, bytesMax: 10 }))
    .toMatchObject({ outcome: 'failed', detail: expect.stringMatching(/^too-large/) });
});

test('an agent that does not see the node’s processes says so', async () => {
  const node = fake([100]);
  node.process(100);
  const options = optionsOn(node, { ownPid: OWN_PID + 1 });
  const document = documentOf<EvidenceDocument>(await collectEvidence(target, 0, options));
  expect(document.processes).toEqual([]);
  expect(document.problems.join()).toContain('hostPID');
});
