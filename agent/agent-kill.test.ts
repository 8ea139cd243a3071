import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { expect, test } from 'vitest';
import { FleetRig, until } from './testing/fleet-rig.ts';

const program = new URL('main.ts', import.meta.url).pathname;
const ROUNDS = 3;
const DROPS_PER_ROUND = 5;
const rig = new FleetRig();

type Program = { readonly child: ChildProcess; readonly url: string };

/** The real program, fed over HTTP; resolves when it listens. */
async function start(collectorPort: number): Promise<Program> {
  const path = join(rig.dir, 'agent.yaml');
  writeFileSync(path, [
    'node: node-a',
    'source: {kind: http, listen: "127.0.0.1:0"}',
    `outbox: {path: ${rig.outboxPath}}`,
    `profileCache: {folder: ${join(rig.dir, 'profiles')}}`,
    'http: {listen: "127.0.0.1:0"}',
    `link: {address: "127.0.0.1:${collectorPort}"}`,
  ].join('\n'));
  const child = spawn(execPath, [program, '--config', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {},
  });
  let out = '';
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
  });
  let url = '';
  await until(() => {
    url = /listening on (http:\/\/[\d.:]+\/)/.exec(out)?.[1] ?? '';
    expect(url).not.toBe('');
  });
  return { child, url };
}

/** Falco says that it lost so many system calls; true when the agent has taken it. */
async function drop(url: string, drops: number): Promise<boolean> {
  const report = {
    hostname: 'node-a',
    output_fields: { n_drops: drops },
    priority: 'Critical',
    rule: 'Falco internal: syscall event drop',
    source: 'internal',
    tags: [],
    time: new Date(1_795_433_700_000 + drops * 10_000).toISOString().replace('Z', '000000Z'),
  };
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(report),
  });
  return answer.ok;
}

test('gaps that an agent noted outlive kill -9, and arrive once', async () => {
  const server = await rig.collector();
  // Nothing is acknowledged until the last round: every kill finds gaps that are pending.
  server.isAcknowledging = false;
  server.window = 32;
  const noted = new Set<number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const { child, url } = await start(server.port);
    for (let index = 0; index < DROPS_PER_ROUND; index += 1) {
      const drops = round * DROPS_PER_ROUND + index + 1;
      expect(await drop(url, drops)).toBe(true);
    }
    // What a batch holds was on the disk before it was sent.
    await until(() => {
      for (const { gaps } of server.batches) {
        for (const { cause, eventsEstimate } of gaps) {
          if (cause === 'falco-drop') noted.add(eventsEstimate);
        }
      }
      expect(noted.size).toBeGreaterThan(round * DROPS_PER_ROUND);
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
  const sent = server.batches.length;
  server.isAcknowledging = true;
  const { child } = await start(server.port);
  const arrived = () => server.batches.slice(sent)
    .flatMap(({ gaps }) => gaps.filter(({ cause }) => cause === 'falco-drop'))
    .map(({ eventsEstimate }) => eventsEstimate);
  await until(() => {
    for (const drops of noted) expect(arrived()).toContain(drops);
  });
  expect(new Set(arrived()).size).toBe(arrived().length);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}, 60_000);
