import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { INSTALL, findChromium } from './chromium.ts';

/**
 * `npm run test:browser`: builds the console when its sources changed, then drives a real browser
 * over it and a real collector. Arguments go to vitest, e.g. the name of one file.
 */
const ROOT = join(import.meta.dirname, '..', '..');

const run = (args: readonly string[]): number =>
  spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' }).status ?? 1;

if (findChromium() === undefined) {
  process.stderr.write(`no Chromium here: ${INSTALL}   (or CHROMIUM=/path/to/chromium)\n`);
  process.exitCode = 1;
} else {
  process.exitCode = run([join(ROOT, 'console', 'build.ts')]) || run([
    join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--config',
    'test/browser/vitest.config.ts',
    ...process.argv.slice(2),
  ]);
}
