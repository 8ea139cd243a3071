import type { CacheDisk } from './cache-disk.ts';

/** A disk for tests: keeps what is written, and can be full. */
export class MemoryDisk implements CacheDisk {
  readonly files = new Map<string, Buffer>();
  writes = 0;
  isFull = false;

  async list(): Promise<readonly string[]> {
    return [...this.files.keys()];
  }

  async read(name: string, bytesMax: number): Promise<Buffer | null> {
    const bytes = this.files.get(name);
    return bytes === undefined || bytes.length > bytesMax ? null : bytes;
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    if (this.isFull) throw Object.assign(new Error('ENOSPC'), { syscall: 'write' });
    this.writes += 1;
    this.files.set(name, Buffer.from(bytes));
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }
}
