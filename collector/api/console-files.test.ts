import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fastify } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { addAnswers } from './answers.ts';
import { addConsole, readConsoleFiles } from './console-files.ts';
import type { Api } from './routes.ts';

let folder: string;
let api: Api;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-console-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Lanner</title>');
  writeFileSync(join(folder, 'assets', 'page-abc.js'), 'export {};');
  writeFileSync(join(folder, 'built-from.txt'), 'a hash');
  api = fastify() as unknown as Api;
});

afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

const get = (url: string, headers: Record<string, string> = {}) =>
  api.inject({ method: 'GET', url, headers });

test('every address outside the API is the page', async () => {
  addConsole(api, readConsoleFiles(folder));
  for (const path of ['/', '/live', '/incidents/a%2Fb?alert=1', '/sign-in']) {
    const answer = await get(path);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-cache');
  }
});

test('what is missing of the API and of the files is missing, not the page', async () => {
  addAnswers(api, { metrics: { apiRefused: () => undefined } } as never);
  addConsole(api, readConsoleFiles(folder));
  const paths = ['/api/v1/none', '/api', '/auth/none', '/assets/none.js', '/assets/../index.html',
    '/assets/..%2f..%2fpackage.json', '/metrics/x'];
  for (const path of paths) {
    const answer = await get(path);
    expect([path, answer.statusCode, answer.body.includes('<title>')])
      .toEqual([path, path.endsWith('index.html') ? 200 : 404, path.endsWith('index.html')]);
  }
});

test('only files that a page is made of are served', async () => {
  const files = readConsoleFiles(folder);
  expect([...files.keys()].toSorted()).toEqual(['/assets/page-abc.js', '/index.html']);
});

test('files with a hash in their name are kept for ever, compressed, and asked for once', async () => {
  addConsole(api, readConsoleFiles(folder));
  const answer = await get('/assets/page-abc.js', { 'accept-encoding': 'gzip, br' });
  expect(answer.headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-encoding': 'gzip',
    'content-type': 'text/javascript; charset=utf-8',
    vary: 'accept-encoding',
  });
  const again = await get('/assets/page-abc.js', { 'if-none-match': String(answer.headers.etag) });
  expect([again.statusCode, again.body]).toEqual([304, '']);
});

test('without a build the page says how to make one', async () => {
  addConsole(api, readConsoleFiles(join(folder, 'none')));
  const answer = await get('/live');
  expect([answer.statusCode, answer.body]).toEqual([503, expect.stringContaining('npm run console')]);
});
