/**
 * Reads the texts of `/proc/<pid>`. A process chooses its own name and command line, with line
 * breaks, brackets and bytes that are no Unicode; so the name ends at the *last* bracket, and of a
 * key that appears twice the last one holds, because the kernel writes the name first.
 */
import { textFromBytes } from '../../proto/text.ts';

/** 15 bytes in the kernel; kernel threads have more. */
const COMM_BYTES_MAX = 64;
/** `PF_KTHREAD` in include/linux/sched.h. */
const KERNEL_THREAD = 0x0020_0000;

export type ProcessStat = {
  readonly comm: string;
  /** R, S, D, Z … */
  readonly state: string;
  readonly ppid: number;
  readonly isKernelThread: boolean;
  /** Since boot, in hundredths of a second: user space has one clock tick on every architecture. */
  readonly startTicks: number;
};

/** Positions behind the name, as proc(5) numbers them less three. */
const STATE = 0;
const PPID = 1;
const FLAGS = 6;
const START = 19;

export function statOf(bytes: Buffer): ProcessStat | null {
  const open = bytes.indexOf('(');
  const close = bytes.lastIndexOf(')');
  if (open < 0 || close < open) return null;
  const rest = bytes.toString('latin1', close + 1).trim().split(' ');
  const ppid = wholeOf(rest[PPID]);
  const flags = wholeOf(rest[FLAGS]);
  const startTicks = wholeOf(rest[START]);
  if (ppid === null || flags === null || startTicks === null) return null;
  return {
    comm: textFromBytes(bytes, open + 1, close - open - 1, COMM_BYTES_MAX),
    state: rest[STATE] ?? '',
    ppid,
    isKernelThread: (flags & KERNEL_THREAD) !== 0,
    startTicks,
  };
}

export type ProcessStatus = {
  /** Differs from the pid for a thread, which has a directory of its own. */
  readonly tgid: number;
  /** One per pid namespace, from the one of this `/proc` inward. */
  readonly nspids: readonly number[];
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  /** Hexadecimal, as the kernel writes it. */
  readonly capEff: string;
  readonly capPrm: string;
  readonly capBnd: string;
  readonly noNewPrivs: boolean;
  readonly seccomp: number;
  readonly threads: number;
};

export function statusOf(text: string): ProcessStatus {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) values.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const numbers = (key: string): readonly number[] =>
    (values.get(key) ?? '').split(/\s+/).filter((word) => /^[0-9]+$/.test(word)).map(Number);
  const hexadecimal = (key: string): string => {
    const value = values.get(key) ?? '';
    return /^[0-9a-f]{1,16}$/.test(value) ? value : '';
  };
  return {
    tgid: numbers('Tgid')[0] ?? -1,
    nspids: numbers('NSpid'),
    uids: numbers('Uid').slice(0, 4),
    gids: numbers('Gid').slice(0, 4),
    capEff: hexadecimal('CapEff'),
    capPrm: hexadecimal('CapPrm'),
    capBnd: hexadecimal('CapBnd'),
    noNewPrivs: numbers('NoNewPrivs')[0] === 1,
    seccomp: numbers('Seccomp')[0] ?? -1,
    threads: numbers('Threads')[0] ?? -1,
  };
}

/** Bits of `capEff`, numbered in include/uapi/linux/capability.h. */
export const CAP_KILL = 5n;
export const hasCapability = ({ capEff }: ProcessStatus, bit: bigint): boolean =>
  capEff !== '' && ((BigInt(`0x${capEff}`) >> bit) & 1n) === 1n;

/** `argv` as one line; the kernel parts words by zero bytes. */
export function commandLineOf(bytes: Buffer, bytesMax: number): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return textFromBytes(bytes, 0, end, bytesMax).replaceAll('\0', ' ');
}

function wholeOf(word: string | undefined): number | null {
  return word !== undefined && /^[0-9]{1,15}$/.test(word) ? Number(word) : null;
}
