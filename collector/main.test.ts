import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';

import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';

const program = new URL('main.ts', import.meta.url).pathname;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-main-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

type Ended = { readonly status: number | null; readonly out: string; readonly err: string };

/** Runs the collector; `onOut` sees its output as it grows. */
function collector(
  args: readonly string[],
  onOut: (out: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
  env: Record<string, string> = {},
): Promise<Ended> {
  const child = spawn(execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let out = '';
  let err = '';
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
    onOut(out, (signal) => child.kill(signal));
  });
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
  });
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

function settings(yaml = ''): string {
  const path = join(folder, 'collector.yaml');
  writeFileSync(path, `dataDir: ${join(folder, 'data')}\n` +
    `api: { address: "127.0.0.1:0" }\nlink: { address: "127.0.0.1:0" }\n${yaml}`);
  return path;
}

test('--help names every setting with its environment variable', async () => {
  const { status, out } = await collector(['--help']);
  expect(status).toBe(0);
  for (const word of ['--config', 'api.address', 'LANNER_COLLECTOR_LINK_TLS_CERT_FILE',
    'LANNER_COLLECTOR_POLICY_FILE', 'LANNER_COLLECTOR_CONFIG']) expect(out).toContain(word);
});

test('--print-config prints what is in use, as YAML that is a valid configuration', async () => {
  const { status, out } = await collector(['--print-config', '--config', settings()], undefined, {
    LANNER_COLLECTOR_RETENTION_DAYS: '7',
  });
  expect(status).toBe(0);
  expect(parse(out)).toMatchObject({
    retention: { days: 7 },
    api: { address: '127.0.0.1:0' },
    policy: { file: '' },
  });
  const again = join(folder, 'again.yaml');
  writeFileSync(again, out);
  expect((await collector(['--check', '--config', again])).status).toBe(0);
});

test('wrong settings and unknown options end with status 2 and say what is wrong', async () => {
  const wrong = await collector(['--config', settings('polcy: {}')]);
  expect(wrong.status).toBe(2);
  expect(wrong.err).toContain('collector.yaml: polcy: unknown key');
  expect(wrong.err).toContain('did you mean "policy"?');
  expect((await collector(['--confg'])).status).toBe(2);
});

test('an invalid policy is told by --check, and no collector starts under it', async () => {
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, 'rules: [{ name: a, action: explode }]');
  const config = settings(`policy: { file: ${policy} }`);
  const checked = await collector(['--check', '--config', config]);
  expect(checked).toMatchObject({ status: 2 });
  expect(checked.err).toContain('rules.0.action');
  const started = await collector(['--config', config]);
  expect(started).toMatchObject({ status: 1 });
  expect(started.err).toContain('rules.0.action');
});

test('what cannot be started ends with status 1 and one sentence', async () => {
  const { status, err } = await collector(['--config',
    settings('kube: { mode: kubeconfig, kubeconfig: /nowhere }')]);
  expect(status).toBe(1);
  expect(err).toContain('/nowhere');
  const outside = await collector(['--config', settings('kube: { mode: in-cluster }')]);
  expect(outside.err).toContain('no pod of a cluster');
  expect(outside.status).toBe(1);
  expect(err).not.toContain('    at ');
});

test('starts, logs JSON without the token, and ends with status 0 on a signal', async () => {
  let isStopping = false;
  const { status, out, err } = await collector(['--config', settings()], (text, kill) => {
    if (isStopping || !text.includes('"collector started"')) return;
    isStopping = true;
    kill('SIGTERM');
  });
  expect({ status, err }).toEqual({ status: 0, err: '' });
  const lines = out.trim().split('\n').map((line) => JSON.parse(line) as { msg: string });
  expect(lines.map(({ msg }) => msg)).toEqual([
    'a new access token was made',
    'no cluster: responses are recorded and not executed',
    'policy in force',
    'link.identity is none: any peer may speak for any node',
    'collector started',
    'collector stops',
    'collector stopped',
  ]);
  expect(out).not.toMatch(/[A-Za-z0-9_-]{43}/);
});

test('the password of the store is neither printed nor in the error', async () => {
  const store = 'store: "postgres://lanner:hunter2@127.0.0.1:1/lanner"';
  const printed = await collector(['--print-config', '--config', settings(store)]);
  expect(parse(printed.out)).toMatchObject({ store: 'postgres://lanner:***@127.0.0.1:1/lanner' });
  const failed = await collector(['--config', settings(`${store}\nstoreWaitSeconds: 0`)]);
  expect(failed.status).toBe(1);
  expect(failed.err).toContain('the store postgres://lanner:***@127.0.0.1:1/lanner');
  const wrong = await collector(['--check', '--config', settings('store: "mysql://l:hunter2@db"')]);
  expect(wrong.status).toBe(2);
  for (const { out, err } of [printed, failed, wrong]) expect(out + err).not.toContain('hunter2');
});
