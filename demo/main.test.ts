import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FalcoReplay } from './replay-falco/falco-replay.ts';

const program = join(import.meta.dirname, 'main.ts');

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-demo-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Ended = { readonly status: number | null; readonly out: string; readonly err: string };

/** Runs the demo with its temporary files in `folder`; sends the signal when it said `stopAt`. */
function demo(
  args: readonly string[],
  { stopAt, signal }: { stopAt?: string; signal?: NodeJS.Signals } = {},
): Promise<Ended> {
  const env = { PATH: process.env['PATH'] ?? '', TMPDIR: folder };
  const child = spawn(process.execPath, [program, ...args, '--port', '0'], { env });
  let out = '';
  let err = '';
  let isStopped = false;
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
    if (isStopped || stopAt === undefined || !err.includes(stopAt)) return;
    isStopped = true;
    child.kill(signal);
  });
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s in the middle ends it cleanly: the JSON alone on stdout, nothing left on the disk',
  async (signal) => {
    const { status, out } = await demo(['--json', '--headless', '--speed', '200'], {
      stopAt: 'an operator ran a command',
      signal,
    });
    expect(status).toBe(0);
    expect(Object.keys(JSON.parse(out) as object))
      .toEqual(['events', 'images', 'alerts', 'incidents', 'responses']);
    expect(readdirSync(folder).filter((name) => name.startsWith('lanner-'))).toEqual([]);
  },
);

test('wrong options end with status 2 and a sentence, before anything starts', async () => {
  const { status, out, err } = await demo(['--falco', '127.0.0.1:5060']);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err.split('\n')[0]).toContain('--falco expects a socket');
});

test('a folder that is no recording is said to be none', async () => {
  const { status, err } = await demo(['--recording', folder]);
  expect(status).toBe(1);
  expect(err).toContain('--recording needs a folder with meta.json');
  expect(readdirSync(folder).filter((name) => name.startsWith('lanner-'))).toEqual([]);
});

test('a Falco that is not there is said, and status 1', async () => {
  const missing = `unix://${join(folder, 'none.sock')}`;
  const { status } = await demo(['--falco', missing, '--headless'], {
    stopAt: 'No connection: UNAVAILABLE',
    signal: 'SIGINT',
  });
  expect(status).toBe(1);
});

test('a Falco without gRPC is told apart, and a quiet one is status 0 without an alert', async () => {
  const address = `unix://${join(folder, 'falco.sock')}`;
  const newer = new FalcoReplay({ address, version: '0.44.0' });
  await newer.start();
  const refused = await demo(['--falco', address, '--headless'], {
    stopAt: 'this Falco has no gRPC output',
    signal: 'SIGINT',
  });
  await newer.stop();
  expect(refused.status).toBe(1);
  const older = new FalcoReplay({ address });
  await older.start();
  const quiet = await demo(['--falco', address, '--headless', '--json'], {
    stopAt: 'Connected to Falco 0.40.0.',
    signal: 'SIGINT',
  });
  await older.stop();
  expect(quiet.status).toBe(0);
  expect(JSON.parse(quiet.out)).toMatchObject({ events: 0, alerts: 0 });
});
