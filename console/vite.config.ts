import { join } from 'node:path';

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/**
 * Everything in files of its own: the policy that the collector sends with the page allows no
 * inline script or style, and no `data:` but for pictures. While developing,
 * `LANNER_API=http://127.0.0.1:8470 npm run console -- --watch` shows changes as they are made.
 */
const API = process.env['LANNER_API'] ?? 'http://127.0.0.1:8470';

const toApi = {
  target: API,
  changeOrigin: true,
  // The collector refuses what a page of another origin asks; here the page is its own.
  headers: { origin: API },
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  css: { transformer: 'lightningcss' },
  server: { host: '127.0.0.1', port: 8469, proxy: { '/api': toApi, '/auth': toApi } },
  build: {
    outDir: join(import.meta.dirname, 'dist'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
