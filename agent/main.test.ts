import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';

const program = new URL('main.ts', import.meta.url).pathname;

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lanner-main-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

type Ended = { readonly status: number | null; readonly out: string; readonly err: string };

/** Runs the agent; sends SIGTERM when it has logged `stopAt`. */
function agent(args: readonly string[], stopAt?: string): Promise<Ended> {
  const child = spawn(execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: {} });
  let out = '';
  let err = '';
  let isStopped = false;
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
    if (isStopped || stopAt === undefined || !out.includes(stopAt)) return;
    isStopped = true;
    child.kill('SIGTERM');
  });
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
  });
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

function settings(yaml: string): string {
  const path = join(dir, 'agent.yaml');
  writeFileSync(path, `outbox: {path: ${join(dir, 'outbox.sqlite')}}\n` +
    `profileCache: {folder: ${join(dir, 'profiles')}}\n` +
    `http: {listen: "127.0.0.1:0"}\nlink: {address: "127.0.0.1:1"}\n${yaml}`);
  return path;
}

test('--help names every setting with its environment variable', async () => {
  const { status, out } = await agent(['--help']);
  expect(status).toBe(0);
  const words = ['--config', 'source.kind', 'LANNER_AGENT_LINK_ADDRESS', 'LANNER_AGENT_CONFIG'];
  for (const word of words) expect(out).toContain(word);
});

test('--print-config prints what is in use, as YAML that is a valid configuration', async () => {
  const printed = await agent(['--print-config', '--config', settings('node: n7')]);
  expect(printed).toMatchObject({ status: 0, err: '' });
  expect(parse(printed.out)).toMatchObject({ node: 'n7', source: { kind: 'grpc' } });
  const again = join(dir, 'again.yaml');
  writeFileSync(again, printed.out);
  expect((await agent(['--check', '--config', again])).status).toBe(0);
});

test('wrong settings and unknown options end with status 2 and say what is wrong', async () => {
  const wrong = await agent(['--config', settings('sorce: {}')]);
  expect(wrong.status).toBe(2);
  expect(wrong.err).toContain('sorce: unknown key');
  const unknown = await agent(['--confg']);
  expect(unknown.status).toBe(2);
  expect(unknown.err).toContain('--confg');
});

test('a recording that is at its end ends the program with status 0', async () => {
  writeFileSync(join(dir, 'events.jsonl'), '');
  const source = `source: {kind: replay, path: ${join(dir, 'events.jsonl')}}\n`;
  const { status, err } = await agent(['--config', settings(source)]);
  expect(err).toBe('');
  expect(status).toBe(0);
});

test('SIGTERM stops it cleanly', async () => {
  const source = `source: {address: "unix://${join(dir, 'falco.sock')}"}\n`;
  const { status, out } = await agent(['--config', settings(source)], 'agent started');
  expect(out).toContain('agent stopped');
  expect(status).toBe(0);
});
