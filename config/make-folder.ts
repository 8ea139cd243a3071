import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Deeper than any sane data folder; a bound, so that no path loops. */
const LEVELS_MAX = 64;

/**
 * Makes a folder and those above it. Not by `mkdirSync` with `recursive`: where the kernel answers
 * ENOENT although the parent is there (`/proc/x`), that one tries again for ever, in native code
 * that no signal reaches (measured: Node 26.10 at 100 % CPU until SIGKILL).
 */
export function makeFolder(path: string, mode: number): void {
  const missing: string[] = [];
  let at = resolve(path);
  while (!existsSync(at)) {
    if (missing.length >= LEVELS_MAX) throw new Error(`${path} is nested too deeply`);
    missing.push(at);
    at = dirname(at);
  }
  // A file in the way: let the system say so in its own words (ENOTDIR, EEXIST).
  if (missing.length === 0 && !statSync(at).isDirectory()) mkdirSync(at);
  for (const folder of missing.toReversed()) mkdirSync(folder, { mode });
}
