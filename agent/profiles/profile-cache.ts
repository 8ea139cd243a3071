/**
 * What this node knows of its images, kept over a restart: the profiles learned here, those that
 * the collector pushed, and people's decisions. With the collector away a restarted agent judges at
 * once. It is a cache: what is missing or broken is learned or sent again, so nothing waits for the
 * disk, and a disk that fails is counted and costs only this.
 *
 * Bounds: `ENTRIES_MAX` files, `CACHE_BYTES_MAX` bytes; beyond, what was not written for longest
 * goes and is counted. A changed entry is written with the next `flush`, once, whatever changed.
 */
import { decodeEntry, encodeEntry, ENTRY_BYTES_MAX, entryName } from './cache-entry.ts';
import type { CacheEntry } from './cache-entry.ts';
import type { CacheDisk } from './cache-disk.ts';

/** Both sides of every profile that the baseline keeps, and the decisions. */
export const ENTRIES_MAX = 2_049;
export const CACHE_BYTES_MAX = 64 * 1_024 * 1_024;
/** One entry of any size must fit. */
export const CACHE_BYTES_MIN = 16 * 1_024 * 1_024;

export type CacheCounts = {
  readonly entries: number;
  readonly bytes: number;
  readonly restored: number;
  /** Files that were broken. */
  readonly corrupt: number;
  readonly evicted: number;
  /** Reads and writes that the disk refused. */
  readonly failures: number;
};

export class ProfileCache {
  readonly #disk: CacheDisk;
  readonly #bytesMax: number;
  readonly #entriesMax: number;
  readonly #onFailure: (error: unknown) => void;
  /** Name → bytes on disk, in the order in which they were written. */
  readonly #files = new Map<string, number>();
  #bytes = 0;
  #dirty = new Map<string, CacheEntry>();
  #flushing: Promise<void> = Promise.resolve();
  readonly #counts = { restored: 0, corrupt: 0, evicted: 0, failures: 0 };

  constructor(options: {
    readonly disk: CacheDisk;
    readonly onFailure: (error: unknown) => void;
    readonly bytesMax?: number;
    readonly entriesMax?: number;
  }) {
    this.#disk = options.disk;
    this.#onFailure = options.onFailure;
    this.#bytesMax = options.bytesMax ?? CACHE_BYTES_MAX;
    this.#entriesMax = options.entriesMax ?? ENTRIES_MAX;
  }

  /** Hands over what can still be read, one by one; once, before the first `flush`. */
  async *load(): AsyncGenerator<CacheEntry> {
    const names = (await this.#try(() => this.#disk.list())) ?? [];
    for (const name of names) {
      const entry = await this.#read(name);
      if (entry === null) continue;
      this.#counts.restored += 1;
      yield entry;
    }
    await this.#evict();
  }

  /** Written with the next `flush`; a newer one of the same key takes its place. */
  put(entry: CacheEntry): void {
    const name = entryName(entry);
    this.#dirty.delete(name);
    this.#dirty.set(name, entry);
    const [oldest] = this.#dirty.keys();
    if (this.#dirty.size > this.#entriesMax && oldest !== undefined) {
      this.#dirty.delete(oldest);
      this.#counts.evicted += 1;
    }
  }

  /** Resolves when everything that was put before is on the disk, or the disk refused it. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flush());
    return this.#flushing;
  }

  counts(): CacheCounts {
    return { entries: this.#files.size, bytes: this.#bytes, ...this.#counts };
  }

  async #read(name: string): Promise<CacheEntry | null> {
    const read = await this.#try(async () => ({
      bytes: await this.#disk.read(name, ENTRY_BYTES_MAX),
    }));
    if (read === null) return null;
    const entry = read.bytes === null ? null : decodeEntry(read.bytes);
    if (entry === null || entryName(entry) !== name) {
      this.#counts.corrupt += 1;
      await this.#try(() => this.#disk.remove(name));
      return null;
    }
    this.#note(name, read.bytes?.length ?? 0);
    return entry;
  }

  async #flush(): Promise<void> {
    const dirty = this.#dirty;
    this.#dirty = new Map();
    for (const [name, entry] of dirty) {
      const bytes = encodeEntry(entry);
      const written = await this.#try(async () => {
        await this.#disk.write(name, bytes);
        return true;
      });
      if (written === true) this.#note(name, bytes.length);
      // Tried again with the next flush, unless something newer has come meanwhile.
      else if (!this.#dirty.has(name)) this.#dirty.set(name, entry);
    }
    if (dirty.size > 0) await this.#evict();
  }

  #note(name: string, bytes: number): void {
    this.#bytes += bytes - (this.#files.get(name) ?? 0);
    this.#files.delete(name);
    this.#files.set(name, bytes);
  }

  async #evict(): Promise<void> {
    for (const [name, bytes] of this.#files) {
      if (this.#bytes <= this.#bytesMax && this.#files.size <= this.#entriesMax) return;
      this.#files.delete(name);
      this.#bytes -= bytes;
      this.#counts.evicted += 1;
      await this.#try(() => this.#disk.remove(name));
    }
  }

  /** Null when the disk refuses. */
  async #try<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error) || !('syscall' in error)) throw error;
      this.#counts.failures += 1;
      this.#onFailure(error);
      return null;
    }
  }
}
