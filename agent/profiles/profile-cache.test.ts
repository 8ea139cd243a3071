import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cacheDisk } from './cache-disk.ts';
import { entryName } from './cache-entry.ts';
import type { CacheEntry } from './cache-entry.ts';
import { MemoryDisk } from './memory-disk.ts';
import { ProfileCache } from './profile-cache.ts';

let dir = '';
let folder = '';
const failures: unknown[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lanner-cache-'));
  folder = join(dir, 'state', 'profiles');
  failures.length = 0;
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

type Bounds = { readonly bytesMax?: number; readonly entriesMax?: number };
const cacheOn = (disk = cacheDisk(folder), bounds: Bounds = {}): ProfileCache =>
  new ProfileCache({ disk, onFailure: (error) => failures.push(error), ...bounds });

const entry = (key: string, partly: Partial<CacheEntry> = {}): CacheEntry =>
  ({ side: 'own', key, revision: 1, document: Buffer.from(`document of ${key}`), ...partly });

async function loaded(cache: ProfileCache): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { side, key, revision, document } of cache.load()) {
    found.push(`${side} ${key}@${revision} ${Buffer.from(document).toString()}`);
  }
  return found.toSorted();
}

test('both sides of a profile and the decisions survive a restart, newest form each', async () => {
  const before = cacheOn();
  expect(await loaded(before)).toEqual([]);
  before.put(entry('shop/api@sha256:1'));
  before.put(entry('shop/api@sha256:1', { side: 'fleet', revision: 9 }));
  before.put(entry('', { side: 'decisions', revision: 3 }));
  await before.flush();
  before.put(entry('shop/api@sha256:1', { revision: 2 }));
  await before.flush();
  const after = cacheOn();
  expect(await loaded(after)).toEqual([
    'decisions @3 document of ',
    'fleet shop/api@sha256:1@9 document of shop/api@sha256:1',
    'own shop/api@sha256:1@2 document of shop/api@sha256:1',
  ]);
  expect(after.counts()).toMatchObject({ entries: 3, restored: 3, corrupt: 0 });
  expect(after.counts().bytes).toBe(before.counts().bytes);
});

test('only the owner can read it', async () => {
  const cache = cacheOn();
  await loaded(cache);
  cache.put(entry('k'));
  await cache.flush();
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(folder)) {
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  }
});

test('broken and half-written files are counted and removed, other files are left', async () => {
  const before = cacheOn();
  await loaded(before);
  for (const key of ['good', 'changed', 'cut', 'empty', 'moved']) before.put(entry(key));
  await before.flush();
  const file = (key: string): string => join(folder, entryName({ side: 'own', key }));
  const bytes = readFileSync(file('changed'));
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(file('changed'), bytes);
  writeFileSync(file('cut'), readFileSync(file('cut')).subarray(0, 40));
  writeFileSync(file('empty'), '');
  // A good file under the name of another profile.
  writeFileSync(file('moved'), readFileSync(file('good')));
  writeFileSync(`${file('half')}.new`, 'half');
  writeFileSync(join(folder, 'notes.txt'), 'of an operator');
  const after = cacheOn();
  expect(await loaded(after)).toEqual(['own good@1 document of good']);
  expect(after.counts()).toMatchObject({ entries: 1, restored: 1, corrupt: 4 });
  expect(readdirSync(folder).toSorted())
    .toEqual([entryName({ side: 'own', key: 'good' }), 'notes.txt'].toSorted());
});

test('beyond its bounds what was written first goes, and is counted', async () => {
  const disk = new MemoryDisk();
  const cache = cacheOn(disk, { entriesMax: 3 });
  for (const key of ['a', 'b', 'c']) cache.put(entry(key));
  await cache.flush();
  cache.put(entry('a', { revision: 2 }));
  cache.put(entry('d'));
  await cache.flush();
  expect(cache.counts()).toMatchObject({ entries: 3, evicted: 1 });
  expect((await loaded(cacheOn(disk))).map((one) => one.split(' ')[1]))
    .toEqual(['a@2', 'c@1', 'd@1']);
  const small = cacheOn(disk, { bytesMax: cache.counts().bytes - 1 });
  await loaded(small);
  expect(small.counts()).toMatchObject({ entries: 2, evicted: 1 });
  expect(disk.files.size).toBe(2);
});

test('many changes between two writes are one write', async () => {
  const disk = new MemoryDisk();
  const cache = cacheOn(disk);
  for (let revision = 1; revision <= 50; revision += 1) cache.put(entry('k', { revision }));
  await Promise.all([cache.flush(), cache.flush()]);
  await cache.flush();
  expect(disk.writes).toBe(1);
  expect(await loaded(cacheOn(disk))).toEqual(['own k@50 document of k']);
});

test('a full disk costs nothing that was written, and is tried again', async () => {
  const disk = new MemoryDisk();
  const cache = cacheOn(disk);
  cache.put(entry('k'));
  await cache.flush();
  disk.isFull = true;
  cache.put(entry('k', { revision: 2 }));
  cache.put(entry('l'));
  await cache.flush();
  expect(cache.counts()).toMatchObject({ entries: 1, failures: 2 });
  expect(failures.length).toBe(2);
  expect(await loaded(cacheOn(disk))).toEqual(['own k@1 document of k']);
  disk.isFull = false;
  await cache.flush();
  expect(await loaded(cacheOn(disk))).toEqual(['own k@2 document of k', 'own l@1 document of l']);
});

test('a folder that cannot be made is counted, and the agent goes on without', async () => {
  writeFileSync(join(dir, 'plain'), '');
  const cache = cacheOn(cacheDisk(join(dir, 'plain', 'profiles')));
  expect(await loaded(cache)).toEqual([]);
  cache.put(entry('k'));
  await cache.flush();
  expect(cache.counts()).toMatchObject({ entries: 0, failures: 2 });
  expect(existsSync(join(dir, 'plain', 'profiles'))).toBe(false);
});

test('a file that cannot be read stays where it is', async () => {
  const before = cacheOn();
  await loaded(before);
  before.put(entry('k'));
  await before.flush();
  const name = entryName({ side: 'own', key: 'k' });
  const disk = cacheDisk(folder);
  const refusing = {
    ...disk,
    read: async () => {
      throw Object.assign(new Error('EIO'), { syscall: 'read' });
    },
  };
  const after = cacheOn(refusing);
  expect(await loaded(after)).toEqual([]);
  expect(after.counts()).toMatchObject({ failures: 1, corrupt: 0 });
  expect(existsSync(join(folder, name))).toBe(true);
});
