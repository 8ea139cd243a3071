/**
 * The agent that is killed: a real outbox and a real link, into which alerts, gaps and flows go at
 * a steady rate. It says `a <number>`, `g <number>` and `w <number>` only after they are on disk:
 * that is what was raised. `f <count>` is what an earlier run left in the outbox. When its input
 * ends it raises nothing more, and ends itself when everything is acknowledged.
 */
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';

import { linkOf } from '../../agent/link/sample-link.ts';
import { Outbox } from '../../agent/outbox/outbox.ts';
import { systemClock } from '../../agent/source/clock.ts';
import { alertOf, chunkOf, CLUSTER, gapOf } from './puts.ts';

const [path = '', node = '', address = '', from = '0', perSecond = '1'] = process.argv.slice(2);
const LOOK_MS = 50;

const outbox = new Outbox({
  path,
  cluster: CLUSTER,
  node,
  newEpoch: randomUUID,
  nowNs: () => systemClock.nowNs(),
  redact: { flags: new Set() },
  onReplaced: (failure) => {
    throw failure;
  },
});
const link = linkOf(outbox, address, {
  hello: () => ({
    cluster: CLUSTER,
    node,
    agentVersion: '0.1.0',
    falcoVersion: '0.43.1',
    capabilities: [],
  }),
  random: Math.random,
  heartbeatMs: 1_000,
});

let isRaising = true;
process.stdin.on('end', () => {
  isRaising = false;
});
process.stdin.resume();
process.stdout.write(`f ${outbox.counts().found}\n`);
link.start();

const startMs = performance.now();
for (let number = Number(from); isRaising; number += 1) {
  outbox.put([alertOf(node, number)]);
  process.stdout.write(`a ${number}\n`);
  const gap = gapOf(number);
  if (gap !== undefined) {
    outbox.addGap(gap);
    process.stdout.write(`g ${number}\n`);
  }
  const chunk = chunkOf(number);
  if (chunk !== undefined) {
    outbox.putFlows([chunk]);
    process.stdout.write(`w ${number}\n`);
  }
  link.wake();
  const dueMs = startMs + ((number + 1 - Number(from)) * 1_000) / Number(perSecond);
  await wait(Math.max(0, dueMs - performance.now()));
}
while (!outbox.isEmpty()) {
  link.wake();
  await wait(LOOK_MS);
}
link.stop();
outbox.close();
process.stdout.write('empty\n');
process.exit();
