import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import type { TestProject } from 'vitest/node';

import { startPostgres } from './server.ts';
import type { PostgresServer } from './server.ts';

/**
 * One PostgreSQL for a whole run of the tests, started when the first test asks for it: most runs
 * are of a folder that needs none. Whoever connects to the door gets one line of JSON.
 */
export type DoorReply = { readonly url: string } | { readonly problem: string };

declare module 'vitest' {
  export interface ProvidedContext {
    postgresDoor: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let starting: Promise<PostgresServer> | undefined;
  const path = join(tmpdir(), `lanner-pg-door-${process.pid}`);
  rmSync(path, { force: true });
  const door = createServer((socket) => {
    socket.on('error', () => undefined);
    starting ??= startPostgres();
    starting.then(
      (server) => socket.end(JSON.stringify({ url: server.url('postgres') })),
      (error: unknown) => socket.end(JSON.stringify({
        problem: error instanceof Error ? error.message : String(error),
      })),
    );
  });
  await new Promise<void>((resolve, reject) => door.once('error', reject).listen(path, resolve));
  project.provide('postgresDoor', path);
  return async () => {
    door.close();
    const server = await starting?.catch(() => undefined);
    await server?.stop();
  };
}
