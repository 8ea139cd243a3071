import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startAgent, type RunningAgent } from '../agent/agent.ts';
import type { AgentOptions } from '../agent/options.ts';
import { systemClock } from '../agent/source/clock.ts';
import { Baseline } from '../baseline/baseline.ts';
import { startCollector, type RunningCollector } from '../collector/collector.ts';
import { collectorSchema, type CollectorConfig } from '../collector/config.ts';
import { loadConfig } from '../config/load.ts';
import { collectProcessMetrics } from '../config/process-metrics.ts';
import packageJson from '../package.json' with { type: 'json' };
import { API_PORT_DEFAULT, type DemoOptions } from './options.ts';
import { scaledTo } from './recording/scale.ts';
import { FalcoReplay } from './replay-falco/falco-replay.ts';
import { feedLines } from './replay-falco/feed.ts';

/**
 * The product in one process: a collector on its embedded store, an agent, and a Falco — replayed,
 * or a real one. Everything that is written is in one temporary folder, removed at the end.
 */

/** Silence is a finding; at a recording's end it is only the end. */
const SETTLE_MS = 1_500;
const SETTLE_POLL_MS = 50;
const EVIDENCE_MS = 5_000;
const HEARTBEAT_MS = 2_000;

export type Session = {
  readonly collector: RunningCollector;
  readonly agent: RunningAgent;
  /** Resolves when the recording is told to its end; never with a real Falco. */
  readonly told: Promise<void>;
  readonly scaleText: string;
  /** Stops the agent alone; the API stays. False when alerts could not be delivered. */
  stopAgent(): Promise<boolean>;
  /** Resolves with what did not stop cleanly. */
  stop(): Promise<readonly unknown[]>;
};

type Span = { readonly startNs: bigint; readonly trainMs: number; readonly durationNs: bigint };

/** What only tests ask of it. */
export type SessionExtras = {
  readonly outputs?: CollectorConfig['outputs'];
  readonly contain?: AgentOptions['contain'];
};

export async function startSession(
  options: DemoOptions,
  { outputs = [], contain = null }: SessionExtras = {},
): Promise<Session> {
  const folder = mkdtempSync(join(tmpdir(), 'lanner-demo-'));
  const log = pino({ level: options.verbose ? 'info' : 'silent' }, pino.destination(2));
  const stops: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true })];
  try {
    const span = options.falco === null ? readSpan(options.recording) : null;
    const collector = await startOnFreePort(options.apiPort, (apiPort) =>
      startCollector({
        config: { ...collectorConfig(apiPort, join(folder, 'collector')), outputs },
        version: packageJson.version,
        log,
        env: {},
      }),
    );
    stops.push(() => collector.stop());
    const falco = options.falco === null ? await startFalco(folder, stops) : null;
    const eventNowNs = span === null ? null : recordedTime(span, options.speed);
    const scale = span === null ? {} : scaledTo(span.trainMs);
    const agentRegistry = new Registry();
    // One process, so both say the same of it.
    collectProcessMetrics(agentRegistry);
    collectProcessMetrics(collector.metrics.registry);
    const names = { cluster: 'demo', node: span === null ? 'this-node' : 'node-a' };
    const agent = await startAgent({
      ...names,
      version: packageJson.version,
      source: { kind: 'grpc', address: options.falco ?? falco?.address ?? '' },
      baseline: new Baseline({ ...names, ...scale }),
      outbox: { path: join(folder, 'outbox.sqlite') },
      link: {
        address: collector.addresses.link,
        tls: null,
        heartbeatMs: HEARTBEAT_MS,
        evidenceMs: EVIDENCE_MS,
      },
      contain,
      http: options.metricsPort === null
        ? null
        : { host: '127.0.0.1', port: options.metricsPort },
      registry: agentRegistry,
      log,
      ...(eventNowNs === null ? {} : { eventNowNs }),
    });
    let stopped: Promise<boolean> | null = null;
    const stopAgent = (): Promise<boolean> => {
      stopped ??= agent.stop().then(({ isDrained }) => isDrained);
      return stopped;
    };
    stops.push(stopAgent);
    const leaving = new AbortController();
    stops.push(async () => leaving.abort());
    const startNs = eventNowNs?.() ?? 0n;
    const feed = falco === null ? null : startFeed(falco, options, { startNs, stops });
    const told =
      feed === null
        ? new Promise<void>(() => {})
        : feed.then(() => settle(falco, agent, leaving.signal));
    const stop = (): Promise<readonly unknown[]> => end(stops);
    return { collector, agent, told, scaleText: scaleText(span), stopAgent, stop };
  } catch (error) {
    await end(stops);
    throw error;
  }
}

/** In reverse order of the starts, and each of them even when one before it fails. */
async function end(stops: (() => Promise<unknown>)[]): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  for (const stop of stops.splice(0).toReversed()) {
    await stop().catch((error: unknown) => errors.push(error));
  }
  return errors;
}

/** Somebody else's collector on the usual port is no reason not to show anything. */
async function startOnFreePort<T>(
  asked: number | null,
  start: (port: number) => Promise<T>,
): Promise<T> {
  if (asked !== null) return start(asked);
  try {
    return await start(API_PORT_DEFAULT);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EADDRINUSE') throw error;
    return start(0);
  }
}

function collectorConfig(apiPort: number, dataDir: string): CollectorConfig {
  const loaded = loadConfig({
    schema: collectorSchema,
    env: {},
    envPrefix: 'LANNER_DEMO_',
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  if (!loaded.ok) throw new Error('the defaults of the collector do not fit its own schema');
  const { value } = loaded;
  return {
    ...value,
    dataDir,
    link: { ...value.link, address: '127.0.0.1:0' },
    api: { ...value.api, address: `127.0.0.1:${apiPort}` },
    kube: { ...value.kube, mode: 'off' },
  };
}

function readSpan(recording: string): Span {
  const meta = readMeta(join(recording, 'meta.json'));
  const startNs = BigInt(meta.train_start_ns);
  return {
    startNs,
    trainMs: Number((BigInt(meta.test_start_ns) - startNs) / 1_000_000n),
    durationNs: BigInt(meta.end_ns) - startNs,
  };
}

type Meta = {
  readonly train_start_ns: string;
  readonly test_start_ns: string;
  readonly end_ns: string;
};

function readMeta(path: string): Meta {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Meta;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`--recording needs a folder with meta.json and events: ${why}`, {
      cause: error,
    });
  }
}

function scaleText(span: Span | null): string {
  if (span === null) return '';
  const scale = scaledTo(span.trainMs);
  const age = Math.round(scale.completion.ageMsMin / 60_000);
  const window = `a window is ${scale.windowMs} ms (60 s in production)`;
  return `learning is scaled to it: ${window}, the minimum age ${age} min (24 h)`;
}

async function startFalco(
  folder: string,
  stops: (() => Promise<unknown>)[],
): Promise<FalcoReplay> {
  const falco = new FalcoReplay({ address: `unix://${join(folder, 'falco.sock')}` });
  await falco.start();
  stops.push(() => falco.stop());
  return falco;
}

/**
 * The recording is moved so that it ends about now, and the time of day of its events runs as
 * fast as it is told: the age of an event on arrival is a lag, and a lag makes an agent shed.
 */
function recordedTime(span: Span, speed: number): () => bigint {
  const startMs = systemClock.nowMs();
  const startNs = systemClock.nowNs() - span.durationNs;
  const elapsedNs = (): bigint =>
    BigInt(Math.round((systemClock.nowMs() - startMs) * speed * 1_000_000));
  return () => startNs + elapsedNs();
}

function startFeed(
  falco: FalcoReplay,
  options: DemoOptions,
  { startNs, stops }: { readonly startNs: bigint; readonly stops: (() => Promise<unknown>)[] },
): Promise<void> {
  const abort = new AbortController();
  const feed = (async () => {
    const lines = feedLines({
      paths: [options.recording],
      speed: options.speed,
      startNs,
      clock: systemClock,
      signal: abort.signal,
    });
    for await (const batch of lines) falco.push(batch);
  })();
  stops.push(async () => {
    abort.abort();
    await feed;
  });
  return feed;
}

/** The last events are out of Falco; the alerts they caused are on their way. */
async function settle(
  falco: FalcoReplay | null,
  agent: RunningAgent,
  leaving: AbortSignal,
): Promise<void> {
  const waits = { signal: leaving };
  try {
    while ((falco?.backlog ?? 0) > 0) await wait(SETTLE_POLL_MS, undefined, waits);
    await wait(SETTLE_MS, undefined, waits);
    while (agent.stats().outbox.pending > 0) await wait(SETTLE_POLL_MS, undefined, waits);
  } catch (error) {
    if (!leaving.aborted) throw error;
  }
}
