/** The program that holds many agents' ends; `crowd.ts` gives it one order at a time. */
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';

import { AgentEnd } from './agent-end.ts';
import { alertsOf, nodeName } from './load.ts';
import type { Order, Answer } from './orders.ts';

/** Handshakes under way; more would measure the queue of this process. */
const OPENING_MAX = 32;
const STEP_MS = 10;
const HEARTBEAT_MS = 5_000;
const DRAIN_MS_MAX = 120_000;
const BATCH_ALERTS_MAX = 50;

const ends: AgentEnd[] = [];
let latenciesMs: number[] = [];
let acknowledged = 0;
let ended = 0;
let isBeating = false;
let isClosing = false;

const onAcknowledged = (latencyMs: number, alerts: number): void => {
  latenciesMs.push(latencyMs);
  acknowledged += alerts;
};
const onEnded = (why: string): void => {
  if (isClosing) return;
  ended += 1;
  if (ended === 1) process.stderr.write(`a link ended: ${why}\n`);
};

async function open({ address, from, count }: Extract<Order, { do: 'open' }>): Promise<Answer> {
  let next = from;
  let refused = 0;
  const openSome = async (): Promise<void> => {
    while (next < from + count) {
      const node = nodeName(next);
      next += 1;
      const end = await AgentEnd.open(address, node, onAcknowledged, onEnded)
        .catch(() => undefined);
      if (end === undefined) refused += 1;
      else ends.push(end);
    }
  };
  await Promise.all(Array.from({ length: OPENING_MAX }, openSome));
  void beat();
  return { said: 'opened', opened: ends.length, refused };
}

/** Each link every 5 s, spread over them as the starts of the agents are. */
async function beat(): Promise<void> {
  if (isBeating) return;
  isBeating = true;
  const startMs = performance.now();
  for (let due = 0, sent = 0; isBeating; await wait(STEP_MS, undefined, { ref: false })) {
    due = ((performance.now() - startMs) / HEARTBEAT_MS) * ends.length;
    for (; sent < due; sent += 1) ends[sent % ends.length]?.beat();
  }
}

async function load(order: Extract<Order, { do: 'load' }>): Promise<Answer> {
  const { active, alertsPerBatch, seconds } = order;
  const some = ends.slice(0, active);
  latenciesMs = [];
  acknowledged = 0;
  let held = 0;
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  for (let due = 0, sent = 0; due < seconds * some.length; await wait(STEP_MS)) {
    due = Math.min(seconds, (performance.now() - startMs) / 1_000) * some.length;
    for (; sent < Math.floor(due); sent += 1) {
      const end = some[sent % some.length];
      if (end?.hasRoom === true) end.send(alertsOf(end.node, end.nextAlert, alertsPerBatch));
      else held += 1;
    }
  }
  await drained(some);
  const { user, system } = process.cpuUsage(cpu);
  return {
    said: 'loaded',
    acknowledged,
    held,
    latenciesMs,
    cpuSeconds: (user + system) / 1e6,
  };
}

async function comeBack(order: Extract<Order, { do: 'come-back' }>): Promise<Answer> {
  const { address, from, count, alerts } = order;
  isClosing = false;
  acknowledged = 0;
  const mine: AgentEnd[] = [];
  const startMs = performance.now();
  const opened = await Promise.allSettled(Array.from({ length: count }, async (_, index) => {
    const end = await AgentEnd.open(address, nodeName(from + index), onAcknowledged, onEnded);
    mine.push(end);
    for (let left = alerts; left > 0; left -= BATCH_ALERTS_MAX) {
      end.send(alertsOf(end.node, end.nextAlert, Math.min(left, BATCH_ALERTS_MAX)));
    }
  }));
  await drained(mine);
  const seconds = (performance.now() - startMs) / 1_000;
  ends.push(...mine);
  const refused = opened.filter(({ status }) => status === 'rejected').length;
  return { said: 'came-back', acknowledged, seconds, refused };
}

async function drained(some: readonly AgentEnd[]): Promise<void> {
  const untilMs = performance.now() + DRAIN_MS_MAX;
  while (performance.now() < untilMs && some.some(({ inFlight }) => inFlight > 0)) {
    await wait(STEP_MS);
  }
}

function close(): Answer {
  isBeating = false;
  isClosing = true;
  for (const end of ends.splice(0)) end.close();
  return { said: 'closed', ended };
}

async function answer(order: Order): Promise<Answer> {
  switch (order.do) {
    case 'open':
      return open(order);
    case 'load':
      return load(order);
    case 'come-back':
      return comeBack(order);
    case 'close':
      return close();
  }
}

process.on('message', (order: Order) => {
  void answer(order).then((said) => process.send?.(said));
});
process.on('disconnect', () => process.exit());
