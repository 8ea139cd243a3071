import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Not part of `npm test`: real receivers, which have to be installed. */
export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: {
    include: ['test/outputs/*.outputs.ts'],
    // One receiver at a time: a broker alone takes half a gigabyte.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ['default', './test/closing-line.ts'],
  },
});
