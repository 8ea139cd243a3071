import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getuid } from 'node:process';
import type { CgroupVersion } from '../cgroup-tree.ts';

const MOUNT = '/sys/fs/cgroup';

/** Where this machine has the hierarchy, or why a test with real cgroups cannot run. */
export function realRoot(version: CgroupVersion): { root: string } | { reason: string } {
  if (getuid?.() !== 0) return { reason: 'not root' };
  const isUnified = existsSync(join(MOUNT, 'cgroup.controllers'));
  const root = version === 1
    ? join(MOUNT, 'freezer')
    : isUnified ? MOUNT : join(MOUNT, 'unified');
  if (!existsSync(join(root, 'cgroup.procs'))) return { reason: `no cgroup v${version} mounted` };
  try {
    accessSync(join(root, 'cgroup.procs'), constants.W_OK);
  } catch {
    return { reason: `${root} is read-only` };
  }
  return { root };
}

/** A pod with real cgroups and real processes, named as kubelet's cgroupfs driver names them. */
export class RealPod {
  readonly podUid = randomUUID();
  readonly cgroupRoot: string;
  readonly #top: string;
  readonly #made: string[] = [];
  readonly #children: ChildProcess[] = [];
  readonly #version: CgroupVersion;

  constructor(version: CgroupVersion, root: string) {
    this.#version = version;
    // Of version 1 the room looks for `freezer/` below its root.
    this.cgroupRoot = version === 1 ? MOUNT : root;
    this.#top = join(root, `lanner-test-${randomBytes(6).toString('hex')}`);
    for (const path of ['', 'kubepods', 'kubepods/burstable', this.#pod()]) this.#make(path);
  }

  container(): string {
    const id = randomBytes(32).toString('hex');
    this.#make(join(this.#pod(), id));
    return id;
  }

  pathOf(id: string): string {
    return join(this.#top, this.#pod(), id);
  }

  enter(id: string, pid: number): void {
    writeFileSync(join(this.pathOf(id), 'cgroup.procs'), String(pid));
  }

  /** Resolves with the pid when the process is in the container. */
  async run(id: string, command: string, args: readonly string[]): Promise<number> {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#children.push(child);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const pid = child.pid ?? -1;
    this.enter(id, pid);
    return pid;
  }

  async remove(): Promise<void> {
    const ended = this.#children.map((child) =>
      new Promise<void>((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve();
        else child.once('exit', () => resolve());
      }));
    for (const child of this.#children) child.kill('SIGKILL');
    const control = this.#version === 1 ? ['freezer.state', 'THAWED'] : ['cgroup.freeze', '0'];
    for (const path of this.#made.slice(1)) {
      if (existsSync(path)) writeFileSync(join(path, control[0] ?? ''), control[1] ?? '');
    }
    await Promise.all(ended);
    for (const path of this.#made.toReversed()) await removeCgroup(path);
  }

  #pod(): string {
    return `kubepods/burstable/pod${this.podUid}`;
  }

  #make(path: string): void {
    const full = join(this.#top, path);
    mkdirSync(full);
    this.#made.push(full);
  }
}

const REMOVALS_MAX = 200;

/** A process that ended stays in its cgroup for a moment. */
async function removeCgroup(path: string): Promise<void> {
  for (let attempts = 0; ; attempts += 1) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if (attempts >= REMOVALS_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

export const realVersions = ([1, 2] as const).map((version) => {
  const found = realRoot(version);
  const reason = 'reason' in found ? found.reason : '';
  if (reason !== '') console.log(`no real cgroup v${version} here: ${reason}`);
  return { version, reason, root: 'root' in found ? found.root : '' };
});
