import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**'],
    // Real sockets and child processes: a shared machine can be slow without being wrong.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A PostgreSQL for those tests that ask for one; it is not started before.
    globalSetup: ['test/postgres/global-setup.ts'],
    reporters: ['default', './test/closing-line.ts'],
  },
});
