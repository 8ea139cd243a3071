/**
 * One consumer of the bench, a process of its own, so that its CPU time and memory are its own:
 * connects, lets `warmUp` events pass, measures over `events` and reports.
 */
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startAgent } from '../../../agent/agent.ts';
import type { RunningAgent } from '../../../agent/options.ts';
import { Baseline } from '../../../baseline/baseline.ts';
import type { Observation } from '../../../baseline/observation.ts';
import { EMPTY_REQUEST, FalcoClient } from '../../../proto/falco/service.ts';
import { falco } from '../../../proto/gen/falco.js';
import { benchBaseline, learnedBaseline } from './learned.ts';
import { Meter } from './meter.ts';
import type { Measured, Orders } from './orders.ts';

function report(measured: Measured): void {
  process.send?.({ measured }, () => process.exit(0));
}

function consumeFrames(orders: Orders): void {
  let seen = 0;
  const stream = new FalcoClient(orders.socket, credentials.createInsecure(), {}).sub();
  const isDecoding = orders.variant === 'stockDecode';
  stream.on('data', (bytes: Buffer) => {
    if (isDecoding) falco.outputs.response.decode(bytes);
    seen += 1;
  });
  stream.on('error', () => undefined);
  stream.write(EMPTY_REQUEST);
  new Meter(orders, () => seen, report);
}

async function consumeAsAgent(orders: Orders): Promise<number> {
  const { variant, images, learned, socket } = orders;
  const baseline = variant === 'pipelineLearn'
    ? new Baseline(benchBaseline)
    : learnedBaseline(learned, images);
  const folder = mkdtempSync(join(tmpdir(), 'lanner-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  let alerts = 0;
  let agent: RunningAgent | null = null;
  const meter = new Meter(
    orders,
    () => agent?.stats().events.judged ?? 0,
    (measured) => {
      const { events, gaps } = (agent as RunningAgent).stats();
      const repeats = events.repeated / events.judged;
      report({ ...measured, repeats, alerts, shed: events.dropped.overload, gaps: gaps.overload });
    },
  );
  if (orders.isPaced) timed(baseline, meter);
  agent = await startAgent({
    cluster: 'bench',
    node: 'bench-node',
    version: '0.0.0',
    source: variant === 'http'
      ? { kind: 'http', listen: '127.0.0.1:0' }
      : { kind: 'grpc', address: socket },
    baseline,
    outbox: { path: join(folder, 'outbox.db') },
    // Nobody is there: what is measured is the node's own work.
    link: { address: `unix:${join(folder, 'nobody.sock')}`, tls: null },
    http: null,
    contain: { cgroupRoot: folder, procRoot: '/proc', freezeSecondsMax: 60 },
    registry: new Registry(),
    log: pino({ level: 'silent' }),
    onAlert: () => {
      alerts += 1;
    },
  });
  // It listens a moment after it was started.
  while (variant === 'http' && agent.sourcePort() === 0) await setTimeout(PORT_LOOK_MS);
  return agent.sourcePort();
}

const PORT_LOOK_MS = 10;

/** Tells the meter when an observation has been judged. */
function timed(baseline: Baseline, meter: Meter): void {
  const observe = baseline.observe.bind(baseline);
  baseline.observe = (o: Observation): void => {
    observe(o);
    meter.note(Number(o.timeNs / 1_000n) / 1_000);
  };
  const again = baseline.again.bind(baseline);
  baseline.again = (sight, seen, last): boolean => {
    const isCounted = again(sight, seen, last);
    // In full milliseconds, so half of one too late on average.
    if (isCounted) meter.note(seen.timeMs);
    return isCounted;
  };
}

function consumePosts(orders: Orders): Promise<number> {
  let seen = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.end();
      seen += 1;
    });
  });
  new Meter(orders, () => seen, report);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

async function consume(orders: Orders): Promise<number> {
  switch (orders.variant) {
    case 'transport':
    case 'stockDecode':
      consumeFrames(orders);
      return 0;
    case 'httpFloor':
      return consumePosts(orders);
    case 'pipeline':
    case 'pipelineLearn':
    case 'http':
      return consumeAsAgent(orders);
  }
}

process.once('message', (orders: Orders) => {
  void consume(orders).then((port) => process.send?.({ port }));
});
process.on('disconnect', () => process.exit(0));
