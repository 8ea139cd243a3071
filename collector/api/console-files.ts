import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { notFound } from './errors.ts';
import type { Api } from './routes.ts';

/**
 * The console's page and its files, as `npm run console` built them: read once when the collector
 * starts (well under 1 MB), a route for each, so that no path of a request ever becomes a path of
 * the disk. Every other address outside the API is an address inside the page. Anybody may have
 * these files: what they show they ask the API for, which wants to know who asks. Without a build
 * the page says how to make one; everything else works.
 */
const FILES_MAX = 500;
const FOLDER = join(import.meta.dirname, '..', '..', 'console', 'dist');

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
]);
/** Their names hold a hash of what is in them. */
const FOR_EVER = 'public, max-age=31536000, immutable';
/** Asked for again each time, answered by 304: a new collector has new pages. */
const ASK_AGAIN = 'no-cache';

type ConsoleFile = {
  readonly type: string;
  readonly cacheControl: string;
  readonly etag: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
};

export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

/** By path, `/index.html` among them; empty when nothing was built. */
export function readConsoleFiles(folder = FOLDER): ConsoleFiles {
  const files = new Map<string, ConsoleFile>();
  for (const file of listed(folder)) {
    const type = TYPES.get(extname(file));
    if (type === undefined) continue;
    if (files.size >= FILES_MAX) throw new Error(`${folder} holds more than a console`);
    const path = `/${relative(folder, file).split(sep).join('/')}`;
    const bytes = readFileSync(file);
    files.set(path, {
      type,
      cacheControl: path.startsWith('/assets/') ? FOR_EVER : ASK_AGAIN,
      etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`,
      bytes,
      gzipped: gzipSync(bytes),
    });
  }
  return files;
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted();
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return [];
    throw error;
  }
}

const OURS = /^\/(?:api|auth|metrics|healthz|readyz|assets)(?:\/|$)/;

export function addConsole(api: Api, files: ConsoleFiles = readConsoleFiles()): void {
  const route = { config: { needs: 'anyone' } } as const;
  for (const [path, file] of files) {
    if (path === '/index.html') continue;
    api.get(path, route, async (request, reply) => send(request, reply, file));
  }
  const page = files.get('/index.html');
  api.get('/*', route, async (request, reply) => {
    if (OURS.test(request.url.split('?', 1)[0] ?? '')) return notFound('path');
    if (page !== undefined) return send(request, reply, page);
    return reply.code(503).type('text/plain; charset=utf-8')
      .send('The console is not built: npm run console, then start the collector again.\n');
  });
}

function send(request: FastifyRequest, reply: FastifyReply, file: ConsoleFile): FastifyReply {
  const { type, cacheControl, etag, bytes, gzipped } = file;
  reply.headers({ etag, 'cache-control': cacheControl, vary: 'accept-encoding' });
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  reply.type(type);
  return /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
    ? reply.header('content-encoding', 'gzip').send(gzipped)
    : reply.send(bytes);
}
