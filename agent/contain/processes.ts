/**
 * Single facts about processes from `/proc`, none of which can hang: they are read from the
 * kernel's own memory, not from the process's.
 */
import type { CgroupPlace } from './cgroup-path.ts';
import { placeOfProcess } from './cgroup-path.ts';
import type { KernelFiles } from './kernel-files.ts';
import { statOf, statusOf } from './process-text.ts';
import type { ProcessStat, ProcessStatus } from './process-text.ts';

/** `pid_max` of a 64-bit kernel. */
export const PID_MAX = 4_194_304;
const MS_PER_TICK = 10;
const STAT_BYTES_MAX = 4_096;
const STATUS_BYTES_MAX = 16_384;
/** A line per hierarchy, and a path of up to 4,096 bytes in each. */
const CGROUP_BYTES_MAX = 65_536;
const UPTIME_BYTES_MAX = 64;
const ANCESTORS_MAX = 64;

export class Processes {
  readonly files: KernelFiles;
  readonly #wallMs: () => number;

  constructor(files: KernelFiles, wallMs: () => number) {
    this.files = files;
    this.#wallMs = wallMs;
  }

  stat(pid: number): ProcessStat | null {
    const bytes = this.files.read(`${pid}/stat`, STAT_BYTES_MAX);
    return bytes === null ? null : statOf(bytes);
  }

  status(pid: number): ProcessStatus | null {
    const text = this.files.readText(`${pid}/status`, STATUS_BYTES_MAX);
    return text === null ? null : statusOf(text);
  }

  /** The container that a process is in; null for the node's own. */
  place(pid: number): CgroupPlace | null {
    const lines = this.files.readText(`${pid}/cgroup`, CGROUP_BYTES_MAX);
    return lines === null ? null : placeOfProcess(lines);
  }

  /** Time of day of boot; to the hundredth of a second, where `btime` has whole seconds. */
  bootMs(): number | null {
    const text = this.files.readText('uptime', UPTIME_BYTES_MAX) ?? '';
    const seconds = /^([0-9]+\.[0-9]+) /.exec(text)?.[1];
    return seconds === undefined ? null : this.#wallMs() - Number(seconds) * 1_000;
  }

  startMs({ startTicks }: ProcessStat): number | null {
    const bootMs = this.bootMs();
    return bootMs === null ? null : bootMs + startTicks * MS_PER_TICK;
  }

  /** The agent as this `/proc` numbers it; null where it shows another machine or nothing. */
  self(): number | null {
    const link = this.files.link('self')?.toString('latin1') ?? '';
    return /^[0-9]+$/.test(link) ? Number(link) : null;
  }

  /**
   * True when a pid means the same here and to `kill(2)`: the agent is in the pid namespace of
   * this `/proc` (hostPID), and not in one inside of it.
   */
  areOurs(ownPid: number): boolean {
    return this.self() === ownPid && this.status(ownPid)?.nspids.length === 1;
  }

  isAncestorOrSelf(pid: number, ownPid: number): boolean {
    let at = ownPid;
    for (let steps = 0; steps < ANCESTORS_MAX && at > 0; steps += 1) {
      if (at === pid) return true;
      at = this.stat(at)?.ppid ?? 0;
    }
    return false;
  }
}
