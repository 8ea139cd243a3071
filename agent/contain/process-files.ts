/**
 * Reads that can hang, because the process that is looked at decides when they end: its memory may
 * be a file of a FUSE server of its own, its executable may lie on one. Each has a limit of time;
 * one that is late keeps a thread of Node's pool, so while `STUCK_MAX` of them are late nothing
 * more is asked. The pool has four threads, and the rest of the agent needs the others.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, opendir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Clock } from '../source/clock.ts';
import { codeOf } from './kernel-files.ts';
import type { KernelFiles } from './kernel-files.ts';

export const STUCK_MAX = 2;
export const READ_MS = 500;
export const DIGEST_MS = 5_000;
/** Larger than any interpreter; what is larger has its size told and no digest. */
export const EXE_BYTES_MAX = 256 * 1_024 * 1_024;
const CHUNK_BYTES = 262_144;
const DIGESTS_MAX = 512;

export type ExeDigest = {
  /** Empty when it was not read to its end. */
  readonly sha256: string;
  readonly bytes: number;
  /** No name leads to it any more; a name that ends in ` (deleted)` proves nothing. */
  readonly isUnlinked: boolean;
};

type Turn = { isLate: boolean };

export class ProcessFiles {
  readonly #files: KernelFiles;
  readonly #clock: Clock;
  readonly #digests = new Map<string, string>();
  #stuck = 0;
  /** Reads that did not end in time, or were not begun because others had not. */
  late = 0;

  constructor(files: KernelFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  read(path: string, bytesMax: number): Promise<Buffer | null> {
    const full = this.#files.pathOf(path);
    return this.#timed(READ_MS, (turn) =>
      withFile(full, async (file) => {
        const buffer = Buffer.allocUnsafe(bytesMax);
        let length = 0;
        while (length < bytesMax && !turn.isLate) {
          const { bytesRead } = await file.read(buffer, length, bytesMax - length, null);
          if (bytesRead === 0) break;
          length += bytesRead;
        }
        return buffer.subarray(0, length);
      }));
  }

  names(path: string, max: number): Promise<readonly string[] | null> {
    const full = this.#files.pathOf(path);
    return this.#timed(READ_MS, async () => {
      const names: string[] = [];
      for await (const { name } of await opendir(full)) {
        if (names.length >= max) break;
        names.push(name);
      }
      return names;
    });
  }

  /** Of what a process runs, through `/proc`: also when it has no name any more. */
  digest(path: string): Promise<ExeDigest | null> {
    const full = this.#files.pathOf(path);
    return this.#timed(DIGEST_MS, (turn) => withFile(full, (file) => this.#digestOf(file, turn)));
  }

  async #digestOf(file: FileHandle, turn: Turn): Promise<ExeDigest> {
    const { dev, ino, size, nlink, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
    const told = { bytes: Number(size), isUnlinked: nlink === 0n };
    if (told.bytes > EXE_BYTES_MAX) return { ...told, sha256: '' };
    // Nobody can set the time of a change of the inode, so a file that was written to is read anew.
    const key = [dev, ino, size, mtimeNs, ctimeNs].join(' ');
    const known = this.#digests.get(key);
    if (known !== undefined) return { ...told, sha256: known };
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let read = 0; read <= EXE_BYTES_MAX; ) {
      if (turn.isLate) return { ...told, sha256: '' };
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) break;
      hash.update(chunk.subarray(0, bytesRead));
      read += bytesRead;
    }
    const sha256 = hash.digest('hex');
    this.#keep(key, sha256);
    return { ...told, sha256 };
  }

  #keep(key: string, sha256: string): void {
    if (this.#digests.size >= DIGESTS_MAX) {
      const oldest = this.#digests.keys().next().value;
      if (oldest !== undefined) this.#digests.delete(oldest);
    }
    this.#digests.set(key, sha256);
  }

  /** Null when it is gone, forbidden or late. */
  async #timed<T>(limitMs: number, work: (turn: Turn) => Promise<T>): Promise<T | null> {
    if (this.#stuck >= STUCK_MAX) {
      this.late += 1;
      return null;
    }
    const turn: Turn = { isLate: false };
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const cancel = this.#clock.after(limitMs, () => {
      turn.isLate = true;
      this.late += 1;
      this.#stuck += 1;
      resolve(null);
    });
    const worked = work(turn).catch((error: unknown) => {
      if (GONE.has(codeOf(error))) return null;
      throw error;
    }).finally(() => {
      cancel();
      if (turn.isLate) this.#stuck -= 1;
    });
    return await Promise.race([worked, late]);
  }
}

const GONE = new Set([
  'ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR', 'EINVAL', 'EIO', 'ENXIO', 'ETXTBSY', 'ESTALE',
  'ENODEV', 'ELOOP', 'ENOTCONN', 'ETIMEDOUT', 'EHOSTDOWN', 'EREMOTEIO', 'EOVERFLOW',
]);

async function withFile<T>(path: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
