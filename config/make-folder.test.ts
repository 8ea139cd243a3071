import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder } from './make-folder.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lanner-folder-'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('makes what is missing, with the mode, and is content with what is there', () => {
  const path = join(root, 'a', 'b', 'c');
  makeFolder(path, 0o700);
  makeFolder(path, 0o700);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test('says so when a file is in the way', () => {
  writeFileSync(join(root, 'file'), '');
  expect(() => makeFolder(join(root, 'file', 'x'), 0o700)).toThrow(/ENOTDIR/);
  expect(() => makeFolder(join(root, 'file'), 0o700)).toThrow(/EEXIST/);
});

test('fails where the kernel makes no folders instead of trying for ever', () => {
  expect(() => makeFolder('/proc/lanner/data', 0o700)).toThrow(/ENOENT|EACCES|EPERM/);
});
