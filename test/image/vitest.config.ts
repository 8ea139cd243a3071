import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Not part of `npm test`: it needs root and Linux namespaces, and half a minute for bundling. */
export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: {
    include: ['test/image/*.image.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    reporters: ['default', './test/closing-line.ts'],
  },
});
