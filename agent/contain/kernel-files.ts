/**
 * The room's one door to the file system: reads and writes below one root (`/sys/fs/cgroup`,
 * `/proc`) and nowhere else. Names come from listings of ours or from numbers, never from a
 * command; a name that could climb out is a broken invariant. What is gone or forbidden is `null`:
 * processes and cgroups end while one looks at them.
 *
 * The calls are synchronous, because the kernel answers these files from memory in microseconds,
 * and a freeze must not queue behind slow disks in Node's thread pool. What can hang (a command
 * line in a page of a FUSE file, an executable on a dead NFS server) is read by `process-files.ts`.
 */
import assert from 'node:assert/strict';
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  readdirSync,
  readlinkSync,
  writeSync,
} from 'node:fs';
import { isAbsolute, join } from 'node:path';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY, W_OK } = constants;

/** What a file system says of something that ended, is hidden or is not ours. */
const ABSENT = new Set([
  'ENOENT', 'ENOTDIR', 'ENODEV', 'ESRCH', 'EACCES', 'EPERM', 'ELOOP', 'EINVAL', 'EROFS',
  'EOPNOTSUPP', 'ENOTSUP', 'ENAMETOOLONG', 'EIO',
]);

export type Written = { readonly ok: true } | { readonly ok: false; readonly code: string };

export class KernelFiles {
  readonly root: string;
  readonly #onTouch: ((path: string) => void) | null;

  /** `onTouch` hears of every path before the kernel does. */
  constructor(root: string, onTouch?: (path: string) => void) {
    assert(isAbsolute(root), 'a root is an absolute path');
    this.root = root;
    this.#onTouch = onTouch ?? null;
  }

  pathOf(path: string): string {
    for (const name of path.split('/')) {
      assert(name !== '..' && name !== '.' && !name.includes('\0'), 'a path stays below its root');
    }
    const full = join(this.root, path);
    this.#onTouch?.(full);
    return full;
  }

  /** Real directories only: a link is not one. */
  directories(path: string): readonly string[] | null {
    const full = this.pathOf(path);
    return absentAsNull(() => {
      const names: string[] = [];
      for (const entry of readdirSync(full, { withFileTypes: true })) {
        if (entry.isDirectory()) names.push(entry.name);
      }
      return names;
    });
  }

  read(path: string, bytesMax: number): Buffer | null {
    const full = this.pathOf(path);
    return absentAsNull(() => {
      const file = openSync(full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      try {
        return readWhole(file, bytesMax);
      } finally {
        closeSync(file);
      }
    });
  }

  readText(path: string, bytesMax: number): string | null {
    return this.read(path, bytesMax)?.toString('latin1') ?? null;
  }

  /** What a link of the kernel says; the bytes may be any. */
  link(path: string): Buffer | null {
    const full = this.pathOf(path);
    return absentAsNull(() => readlinkSync(full, { encoding: 'buffer' }));
  }

  /** Never creates: a control file that is not there is not one. */
  write(path: string, text: string): Written {
    const full = this.pathOf(path);
    try {
      const file = openSync(full, O_WRONLY | O_NOFOLLOW);
      try {
        writeSync(file, text);
      } finally {
        closeSync(file);
      }
      return { ok: true };
    } catch (error) {
      return { ok: false, code: codeOf(error) };
    }
  }

  isWritable(path: string): boolean {
    const full = this.pathOf(path);
    return absentAsNull(() => {
      accessSync(full, W_OK);
      return true;
    }) ?? false;
  }
}

/** Kernel files have no size: they are read until they end or the bound is met. */
function readWhole(file: number, bytesMax: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytesMax);
  let length = 0;
  while (length < bytesMax) {
    const read = readSync(file, buffer, length, bytesMax - length, null);
    if (read === 0) break;
    length += read;
  }
  return buffer.subarray(0, length);
}

function absentAsNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (ABSENT.has(codeOf(error))) return null;
    throw error;
  }
}

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
