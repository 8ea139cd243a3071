import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Not part of `npm test`: it needs a browser. `npm run test:browser` says how to get one. */
export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: {
    include: ['test/browser/*.browser.ts'],
    // One browser at a time: frame times are measured.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', './test/closing-line.ts'],
  },
});
