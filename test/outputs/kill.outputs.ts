import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { anAlert } from '../../collector/testing/alerts.ts';
import { ReplicaProcess } from '../../collector/testing/replica-process.ts';
import { TestAgent } from '../../collector/testing/test-agent.ts';
import { Program } from './program.ts';

/** kill -9 of the collector, several times, while it sends a thousand alerts. */
const ALERTS = 1_000;
const BATCH = 50;
const KILLS = 3;

let folder: string;
let receiver: Program;
let collector: ReplicaProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-kill-'));
  const program = new URL('./receiver.ts', import.meta.url).pathname;
  receiver = new Program(process.execPath, [program, '20']);
  await receiver.until(() => /^port \d+\n/.test(receiver.out));
  const port = /^port (\d+)/.exec(receiver.out)?.[1] ?? '';
  collector = new ReplicaProcess(folder, { outputs: [{
    name: 'hook',
    kind: 'webhook',
    url: `http://127.0.0.1:${port}/`,
    kinds: ['alert'],
    keys: [{ id: 'k', key: { file: join(folder, 'key') } }],
  }] });
  writeFileSync(join(folder, 'key'), 'a-key-of-the-test');
});

afterAll(async () => {
  await collector.end();
  await receiver.end();
  rmSync(folder, { recursive: true });
});

const received = (): readonly string[] => receiver.out.split('\n').slice(1, -1);

test(`all of ${ALERTS} alerts arrive over ${KILLS} kills in the middle`, async () => {
  await collector.start();
  const agent = new TestAgent(collector.link);
  agent.hello();
  await agent.frame('welcome');
  for (let start = 0; start < ALERTS; start += BATCH) {
    const alerts = Array.from({ length: BATCH }, (_, index) =>
      anAlert({ id: `a${start + index}`, podUid: `u${start + index}` }));
    agent.send({ kind: 'alerts', epoch: 'e1', sequence: start / BATCH + 1, alerts, gaps: [] });
    await agent.frame('ack', start / BATCH);
  }
  agent.cut();
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const enough = kill * ALERTS / (KILLS + 2);
    await receiver.until(() => new Set(received()).size >= enough);
    await collector.end('SIGKILL');
    await collector.start();
  }
  await receiver.until(() => new Set(received()).size >= ALERTS);
  await collector.end('SIGTERM');
  const uuids = received();
  const wanted = Array.from({ length: ALERTS }, (_, index) => `a${index}:1`);
  expect(new Set(uuids)).toEqual(new Set(wanted));
  process.stdout.write(`${uuids.length} received, ${uuids.length - ALERTS} of them doubles\n`);
  // A part of a read for each kill, and no more.
  expect(uuids.length - ALERTS).toBeLessThanOrEqual(KILLS * 200);
});
