import { createHash } from 'node:crypto';
import { linkSync, mkdtempSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../source/clock.ts';
import type { Clock } from '../source/clock.ts';
import { KernelFiles } from './kernel-files.ts';
import { EXE_BYTES_MAX, ProcessFiles, STUCK_MAX } from './process-files.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lanner-files-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const files = (clock: Clock = systemClock): ProcessFiles =>
  new ProcessFiles(new KernelFiles(dir), clock);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('a digest is that of the content, and is made anew when the file was written to', async () => {
  const path = join(dir, 'exe');
  writeFileSync(path, 'one');
  const reader = files();
  const one = { sha256: sha256('one'), bytes: 3, isUnlinked: false };
  expect(await reader.digest('exe')).toEqual(one);
  writeFileSync(path, 'two');
  expect((await reader.digest('exe'))?.sha256).toBe(sha256('two'));
  expect((await reader.digest('exe'))?.sha256).toBe(sha256('two'));
});

test('a file without a name is told apart from one whose name says so', async () => {
  writeFileSync(join(dir, 'miner (deleted)'), 'x');
  expect((await files().digest('miner (deleted)'))?.isUnlinked).toBe(false);
  linkSync(join(dir, 'miner (deleted)'), join(dir, 'other'));
  unlinkSync(join(dir, 'miner (deleted)'));
  expect((await files().digest('other'))?.isUnlinked).toBe(false);
});

test('a file above the bound has its size told and no digest', async () => {
  const path = join(dir, 'huge');
  writeFileSync(path, '');
  truncateSync(path, EXE_BYTES_MAX + 1);
  expect(await files().digest('huge')).toMatchObject({ sha256: '', bytes: EXE_BYTES_MAX + 1 });
});

test('reads and listings keep to their bounds; what is gone is nothing', async () => {
  writeFileSync(join(dir, 'cmdline'), 'abcdef');
  for (const name of ['a', 'b', 'c']) writeFileSync(join(dir, name), '');
  expect((await files().read('cmdline', 3))?.toString()).toBe('abc');
  expect(await files().names('', 2)).toHaveLength(2);
  expect(await files().read('gone', 3)).toBeNull();
  expect(await files().names('gone', 3)).toBeNull();
});

test('while reads hang no more are begun, and it goes on when they have ended', async () => {
  writeFileSync(join(dir, 'cmdline'), 'abc');
  let isHanging = true;
  /** Every limit of time passes at once: whatever the disk does, it is late. */
  const hurried: Clock = {
    ...systemClock,
    after: (delayMs, run) => {
      if (!isHanging) return systemClock.after(delayMs, run);
      run();
      return () => {};
    },
  };
  const reader = files(hurried);
  const late = Array.from({ length: STUCK_MAX + 3 }, () => reader.read('cmdline', 3));
  expect(await Promise.all(late)).toEqual(late.map(() => null));
  expect(reader.late).toBe(STUCK_MAX + 3);
  isHanging = false;
  await expect.poll(async () => (await reader.read('cmdline', 3))?.toString()).toBe('abc');
});
