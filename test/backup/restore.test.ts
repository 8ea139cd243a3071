import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { ReplicaProcess } from '../../collector/testing/replica-process.ts';
import { startPostgres } from '../postgres/server.ts';

/** docs/backup.md, done: a real collector at work, a copy of its store, and a collector on that. */
const TOKEN = 'a-token-of-the-backup-test-0123456789-abcde';
const [PROGRAMS] = globSync('/usr/lib/postgresql/*/bin').toSorted().toReversed();
const AT_LEAST = 30;
let folder: string;
let tokenFile: string;
const processes: ReplicaProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-backup-'));
  tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, TOKEN, { mode: 0o600 });
});
afterEach(async () => {
  for (const one of processes.splice(0)) await one.end();
  rmSync(folder, { recursive: true });
});

function collector(name: string, settings: Readonly<Record<string, unknown>> = {}): ReplicaProcess {
  const made = new ReplicaProcess(join(folder, name), {
    api: { address: '127.0.0.1:0', tokenFile },
    ...settings,
  });
  processes.push(made);
  return made;
}

const dataOf = (name: string): string => join(folder, name, 'data');

async function ask<T>({ api }: ReplicaProcess, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${api}/api/v1${path}`, {
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(said)}`);
  return said as T;
}

/** Makes tokens, one audit record each, until it is told to stop; gives the names acknowledged. */
class Work {
  readonly done: string[] = [];
  readonly #running: Promise<void>;
  #isStopped = false;

  constructor(at: ReplicaProcess) {
    this.#running = this.#run(at);
  }

  async #run(at: ReplicaProcess): Promise<void> {
    const grants = [{ role: 'viewer', namespaces: 'all' }];
    while (!this.#isStopped) {
      const name = `n${this.done.length}`;
      await ask(at, '/tokens', { name, grants });
      this.done.push(name);
    }
  }

  async until(count: number): Promise<void> {
    const enough = new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.done.length >= count) resolve();
        else setTimeout(look, 5);
      };
      look();
    });
    await Promise.race([enough, this.#running]);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }
}

type Audit = { readonly items: readonly { readonly action: string; readonly subject: string }[] };

async function tokensIn(at: ReplicaProcess): Promise<readonly string[]> {
  const { items } = await ask<{ items: readonly { name: string }[] }>(at, '/tokens?limit=500');
  return items.map(({ name }) => name);
}

/** That it holds what was acknowledged, that its audit is whole, and that it goes on from there. */
async function expectWhole(at: ReplicaProcess, acknowledged: readonly string[]): Promise<void> {
  expect(await tokensIn(at)).toEqual(expect.arrayContaining([...acknowledged]));
  const before = await ask<{ ok: boolean; records: number }>(at, '/audit/verify');
  expect(before.ok).toBe(true);
  await ask(at, '/tokens', { name: 'after', grants: [{ role: 'viewer', namespaces: 'all' }] });
  const after = await ask<typeof before>(at, '/audit/verify');
  expect(after.ok).toBe(true);
  const { items } = await ask<Audit>(at, '/audit?limit=1');
  expect(JSON.stringify(items)).toContain('after');
}

describe('a collector with SQLite, restored', () => {
  test('from a snapshot of its volume, taken while it worked, goes on', async () => {
    const source = collector('source');
    await source.start();
    const work = new Work(source);
    await work.until(AT_LEAST);
    // A snapshot has all files as of one moment: so they stand still for the copy.
    source.signal('SIGSTOP');
    const acknowledged = [...work.done];
    cpSync(dataOf('source'), dataOf('copy'), { recursive: true });
    source.signal('SIGCONT');
    await work.stop();

    const copy = collector('copy');
    await copy.start();
    await expectWhole(copy, acknowledged);
  });

  test('from its folder after it was stopped, goes on', async () => {
    const source = collector('source');
    await source.start();
    const work = new Work(source);
    await work.until(AT_LEAST);
    await work.stop();
    await source.end('SIGTERM');
    cpSync(dataOf('source'), dataOf('copy'), { recursive: true });

    const copy = collector('copy');
    await copy.start();
    await expectWhole(copy, work.done);
  });

  test('from collector.db alone lacks what was acknowledged: the log beside it belongs to it', async () => {
    const source = collector('source');
    await source.start();
    const work = new Work(source);
    await work.until(AT_LEAST);
    source.signal('SIGSTOP');
    const acknowledged = [...work.done];
    cpSync(dataOf('source'), dataOf('copy'), {
      recursive: true,
      filter: (path) => !path.endsWith('-wal'),
    });
    source.signal('SIGCONT');
    await work.stop();

    // Why docs/backup.md says: the whole folder, never collector.db alone.
    const copy = collector('copy');
    await copy.start();
    expect(await tokensIn(copy)).not.toEqual(expect.arrayContaining(acknowledged));
  });
});

describe.skipIf(PROGRAMS === undefined)('a collector with PostgreSQL, restored', () => {
  test('from a pg_dump taken while it worked, goes on', async () => {
    const programs = PROGRAMS ?? '';
    const server = await startPostgres({ programs });
    try {
      const run = (program: string, ...args: readonly string[]): void => {
        execFileSync(join(programs, program), args, { stdio: ['ignore', 'ignore', 'pipe'] });
      };
      const [from, to] = [server.url('postgres'), server.url('template1')];
      const source = collector('source', { store: from });
      await source.start();
      const work = new Work(source);
      await work.until(AT_LEAST);
      const acknowledged = [...work.done];
      const dump = join(folder, 'lanner.dump');
      run('pg_dump', '--format=custom', `--file=${dump}`, from);
      await work.stop();
      await source.end();

      run('pg_restore', '--no-owner', '--exit-on-error', `--dbname=${to}`, dump);
      const copy = collector('copy', { store: to });
      await copy.start();
      await expectWhole(copy, acknowledged);
      await copy.end();
    } finally {
      await server.stop();
    }
  });
});
