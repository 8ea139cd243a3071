import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Not part of `npm test`: it needs etcd, Helm (else Go, once) and the API server of test/kube. */
export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: {
    include: ['test/chart/*.chart.ts'],
    globalSetup: 'test/chart/global-setup.ts',
    // One API server: what one file does to it another would see.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', './test/closing-line.ts'],
  },
});
