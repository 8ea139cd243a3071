import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Not part of `npm test`: it needs etcd, and Go for ten minutes the first time. */
export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: {
    include: ['test/kube/*.kube.ts'],
    globalSetup: 'test/kube/global-setup.ts',
    // One API server: what one file does to it another would see.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/closing-line.ts'],
  },
});
