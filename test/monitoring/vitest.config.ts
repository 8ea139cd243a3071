import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Not part of `npm test`: a real Prometheus, which has to be installed, and the demo for a minute. */
export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: {
    include: ['test/monitoring/*.monitoring.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: ['default', './test/closing-line.ts'],
  },
});
