import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { Browser } from '../testing/browser.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import type { Io } from './io.ts';
import { runLannerctl } from './run.ts';

let collector: TestCollector;
let home: string;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'lanner-home-'));
  collector = await startTestCollector();
});

afterEach(async () => {
  await collector.stop();
  rmSync(home, { recursive: true });
});

type Over = {
  readonly env?: Io['env'];
  readonly typed?: string;
};

async function run(args: string, { env = {}, typed }: Over = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const exit = await runLannerctl(args.split(' '), {
    write: (text) => out.push(text),
    writeError: (text) => err.push(text),
    env: { LANNER_URL: collector.addresses.api, HOME: home, LANNER_COLLECTOR_DATA_DIR: home,
      ...env },
    isTerminal: false,
    columns: undefined,
    signal: new AbortController().signal,
    ...(typed === undefined ? {} : { readSecret: () => Promise.resolve(typed) }),
  });
  return { exit, out: out.join(''), err: err.join('') };
}

const asAdmin = (args: string) => run(args, { env: { LANNER_TOKEN: collector.token } });

describe('token', () => {
  test('create prints the token alone; it does what its role says until revoked', async () => {
    const made = await asAdmin('token create --name ci --role analyst --namespace shop ' +
      '--namespace bank --expires 7');
    expect(made).toMatchObject({ exit: 0 });
    expect(made.out).toMatch(/^ltk_[0-9a-f]{16}_[0-9a-f]{64}\n$/);
    expect(made.err).toMatch(/^[0-9a-f]{16} ci: expires \d{4}-\d\d-\d\d; shown this once:\n$/);
    const env = { LANNER_TOKEN: made.out.trim() };
    expect((await run('whoami', { env })).out)
      .toMatch(/^token:ci \(machine\)\n {2}analyst in shop, bank\nuntil \d{4}-.*Z\n$/);
    expect(await run('token list', { env })).toMatchObject({ exit: 4 });
    const listed = await asAdmin('token list');
    expect(listed.out).toMatch(/ci +live .* token:bootstrap +analyst in shop,bank\n/);
    expect(listed.out).not.toContain(made.out.trim().slice(-20));
    const id = made.err.slice(0, 16);
    expect(await asAdmin(`token revoke ${id}`)).toMatchObject({ exit: 0 });
    expect(await run('whoami', { env })).toMatchObject({ exit: 4 });
    expect(await asAdmin(`token revoke ${id}`)).toMatchObject({ exit: 5 });
  });

  test('never expires when that is asked for; nonsense is refused before it is sent', async () => {
    const made = await asAdmin('--json token create --name p --role viewer --expires never');
    expect(JSON.parse(made.out)).toMatchObject({ token: { expiresTime: null,
      grants: [{ role: 'viewer', namespaces: 'all' }] } });
    for (const args of ['--name x', '--role viewer', '--name x --role root',
      '--name x --role viewer --expires soon']) {
      expect(await asAdmin(`token create ${args}`)).toMatchObject({ exit: 2 });
    }
    expect(await asAdmin('token create --name X! --role viewer')).toMatchObject({ exit: 6 });
  });
});

describe('a token on the command line', () => {
  test.each(['--token ltk_x alerts', '--token=x alerts',
    `alerts --namespace ltk_0123456789abcdef_${'0'.repeat(64)}`])(
    'is refused, because everybody can read it: %s',
    async (args) => {
      const { exit, err, out } = await run(args);
      expect({ exit, out }).toEqual({ exit: 2, out: '' });
      expect(err).toContain('LANNER_TOKEN, --token-file or lannerctl login');
      expect(err).not.toContain('ltk_');
    },
  );
});

describe('where a token is found', () => {
  const file = (): string => {
    const path = join(home, 'a-token');
    writeFileSync(path, `${collector.token}\n`);
    return path;
  };

  test('a file that is named wins over the environment, and has to be there', async () => {
    const other = { env: { LANNER_TOKEN: 'x' } };
    expect((await run(`--token-file ${file()} whoami`, other)).exit).toBe(0);
    expect(await run(`--token-file ${join(home, 'none')} whoami`)).toMatchObject({ exit: 2 });
    expect((await run('whoami', { env: { LANNER_TOKEN_FILE: file() } })).exit).toBe(0);
  });

  test('login keeps it for this collector, after it was tried; logout forgets it', async () => {
    expect(await run('login', { typed: 'wrong' })).toMatchObject({ exit: 4 });
    expect(await run('login', { typed: ' ' })).toMatchObject({ exit: 2 });
    expect(await run('whoami')).toMatchObject({ exit: 4 });
    const kept = await run('login', { typed: `${collector.token}\n` });
    expect(kept).toMatchObject({ exit: 0, err: '' });
    expect(kept.out).toContain('signed in as token:bootstrap');
    const path = join(home, '.config', 'lanner', 'tokens.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await run('whoami')).exit).toBe(0);
    expect(await run('logout')).toMatchObject({ exit: 0 });
    expect(readFileSync(path, 'utf8')).not.toContain('ltk_');
    expect(await run('whoami')).toMatchObject({ exit: 4 });
  });

  test('what was kept for one collector is not sent to another', async () => {
    await run('login', { typed: collector.token });
    const seen: unknown[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(401, { 'content-type': 'application/json' }).end('{}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    await run('whoami', { env: { LANNER_URL: url } });
    await new Promise((resolve) => other.close(resolve));
    expect(seen).toEqual([undefined]);
  });

  test('the collector’s own file serves on its machine, and goes to no other', async () => {
    writeFileSync(join(home, 'api-token'), collector.token);
    expect((await run('whoami')).exit).toBe(0);
    const { findToken } = await import('./credentials.ts');
    const env = { LANNER_COLLECTOR_DATA_DIR: home };
    const of = (url: string) => findToken({ url, tokenFile: undefined, env });
    expect(of('http://localhost:8470')).toBe(collector.token);
    expect(of('https://lanner.bank.example')).toBeUndefined();
    expect(of('http://127.0.0.1.evil.example')).toBeUndefined();
  });

  test('a file of login that is none is said', async () => {
    mkdirSync(join(home, '.config', 'lanner'), { recursive: true });
    writeFileSync(join(home, '.config', 'lanner', 'tokens.json'), '{');
    expect(await run('whoami')).toMatchObject({ exit: 2 });
  });
});

test('login --browser prints a link that signs a browser in, once', async () => {
  const { exit, out } = await run('login --browser', { env: { LANNER_TOKEN: collector.token } });
  expect(exit).toBe(0);
  const code = /\/sign-in#code=([\w-]+)\n/.exec(out)?.[1] ?? '';
  const browser = new Browser(collector.addresses.api);
  expect(await browser.signIn({ code })).toMatchObject({ status: 201 });
  expect(await browser.signIn({ code })).toMatchObject({ status: 401 });
});
