import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FalcoReplay } from '../../demo/replay-falco/falco-replay.ts';
import type { FalcoReplayOptions } from '../../demo/replay-falco/falco-replay.ts';
import { RESPONSE_BYTES_MAX } from '../../proto/falco/response-reader.ts';
import { encodeResponse } from '../../proto/falco/response-writer.ts';
import type { FalcoOutputs } from '../../proto/falco/service.ts';
import { falcoOutputs, falcoVersioning } from '../../proto/falco/service.ts';
import { encodeVersion } from '../../proto/falco/version.ts';
import { falcoFrames } from '../../test/fixtures/falco/frames.ts';
import { tlsFilesOf, tlsOf } from '../../test/fixtures/tls/tls.ts';
import { systemClock } from './clock.ts';
import { falcoConnector } from './falco-endpoint.ts';
import type { FalcoGrpcOptions } from './falco-grpc.ts';
import { FalcoGrpcSource } from './falco-grpc.ts';
import { RecordingSink } from './recording-sink.ts';

const log = pino({ level: 'silent' });
const base = {
  hostname: 'node-a',
  priority: 'Debug',
  rule: 'lanner read',
  source: 'syscall',
  tags: ['lanner'],
  time: '2026-11-23T11:35:01.495234847Z',
};

/** Numbered, so that "each exactly once, in order" can be seen. */
const lines = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) =>
    JSON.stringify({ ...base, output_fields: { number: from + index } }),
  );
const numbers = (sink: RecordingSink): number[] =>
  sink.events.map(({ fields }) => Number(fields.get('number')));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

let dir: string;
let address: string;
const replays: FalcoReplay[] = [];
const sources: FalcoGrpcSource[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lanner-falco-'));
  address = `unix://${join(dir, 'falco.sock')}`;
});

afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.stop()));
  await Promise.all(replays.splice(0).map((replay) => replay.stop()));
  rmSync(dir, { recursive: true, force: true });
});

const replay = (options: Partial<FalcoReplayOptions> = {}): FalcoReplay => {
  const made = new FalcoReplay({ address, ...options });
  replays.push(made);
  return made;
};

const source = (options: Partial<FalcoGrpcOptions> = {}) => {
  const sink = new RecordingSink();
  const made = new FalcoGrpcSource({
    connect: falcoConnector({ address }, readFileSync),
    sink,
    clock: systemClock,
    random: () => 0.5,
    log,
    ...options,
  });
  sources.push(made);
  made.start();
  return { source: made, sink };
};

/** Conditions, not times: the machine may be slow without being wrong. */
const until = (isTrue: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!isTrue()) throw new Error('not yet');
    },
    { timeout: 20_000, interval: 5 },
  );

test('every event arrives exactly once and in order, while they come and after a pause', async () => {
  const falco = replay();
  await falco.start();
  const { source: agent, sink } = source();
  falco.push(lines(1_000));
  await until(() => sink.events.length === 1_000);
  falco.push(lines(1_000, 1_000));
  await until(() => sink.events.length === 2_000);
  expect(numbers(sink)).toEqual(upTo(2_000));
  expect(sink.phases).toBe('connecting streaming');
  expect(sink.states[1]?.detail).toBe('Falco 0.40.0');
  expect(agent.intake).toMatchObject({ received: 2_000, delivered: 2_000, gaps: 0 });
  expect(Math.max(...sink.batches)).toBeLessThanOrEqual(256);
});

test('a backlog from before the first connection comes first and whole', async () => {
  const falco = replay();
  falco.push(lines(5_000));
  await falco.start();
  const { sink } = source();
  await until(() => sink.events.length === 5_000);
  falco.push(lines(1, 5_000));
  await until(() => sink.events.length === 5_001);
  expect(numbers(sink)).toEqual(upTo(5_001));
});

test('an idle source keeps asking, and events after silence still come', async () => {
  const falco = replay();
  await falco.start();
  const { source: agent, sink } = source();
  await until(() => falco.counters.requests >= 15);
  falco.push(lines(1));
  await until(() => sink.events.length === 1);
  expect(agent.counters.requests).toBeGreaterThanOrEqual(15);
});

test('a restart in mid-stream is a reconnect with a gap and without loss of the queue', async () => {
  const falco = replay();
  await falco.start();
  const { source: agent, sink } = source();
  falco.push(lines(100));
  await until(() => sink.events.length === 100);
  await falco.restart(() => {
    falco.push(lines(100, 100));
    return Promise.resolve();
  });
  await until(() => sink.events.length === 200);
  expect(numbers(sink)).toEqual(upTo(200));
  expect(sink.phases).toMatch(/^connecting streaming disconnected connecting .*streaming$/);
  expect(sink.gaps).toHaveLength(1);
  expect(sink.gaps[0]).toMatchObject({ cause: 'falco-restart', eventsEstimate: -1 });
  expect(sink.gaps[0]?.fromNs).toBeLessThanOrEqual(sink.gaps[0]?.toNs ?? 0n);
  expect(agent.counters.connects).toBe(2);
});

test('a Falco that was killed and comes back is found again', async () => {
  const falco = replay();
  await falco.start();
  const { source: agent, sink } = source();
  falco.push(lines(10));
  await until(() => sink.events.length === 10);
  falco.kill();
  await until(() => agent.counters.disconnects >= 3);
  falco.push(lines(10, 10));
  await falco.start();
  await until(() => sink.events.length === 20);
  expect(numbers(sink)).toEqual(upTo(20));
  expect(sink.gaps.map(({ cause }) => cause)).toEqual(['falco-restart']);
});

test('a source that starts before Falco waits for it, and that is no gap', async () => {
  const { source: agent, sink } = source();
  await until(() => agent.counters.disconnects >= 4);
  expect(sink.states.findLast(({ state }) => state === 'disconnected')?.detail).toMatch(
    /UNAVAILABLE.*http source/,
  );
  const falco = replay();
  await falco.start();
  falco.push(lines(3));
  await until(() => sink.events.length === 3);
  expect(sink.gaps).toEqual([]);
});

test('of two clients each event reaches exactly one', async () => {
  const falco = replay();
  await falco.start();
  const first = source();
  const second = source();
  await until(() => falco.counters.streams === 2);
  for (let round = 0; round < 40; round += 1) {
    falco.push(lines(50, round * 50));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const both = (): number[] => [...numbers(first.sink), ...numbers(second.sink)];
  await until(() => both().length >= 2_000);
  expect(both().sort((a, b) => a - b)).toEqual(upTo(2_000));
  expect(first.sink.events.length).toBeGreaterThan(0);
  expect(second.sink.events.length).toBeGreaterThan(0);
});

test('a source that stops cancels: Falco sees no half-close and keeps no stream', async () => {
  const falco = replay();
  await falco.start();
  const { source: agent, sink } = source();
  falco.push(lines(1));
  await until(() => sink.events.length === 1);
  await agent.stop();
  await until(() => falco.clients === 0);
  expect(falco.hanging).toBe(0);
  expect(sink.phases).toBe('connecting streaming ended');
  falco.push(lines(1, 1));
  expect(falco.backlog).toBe(1);
});

test('a client that half-closes hangs, as with the real Falco', async () => {
  const falco = replay();
  await falco.start();
  const client = falcoConnector({ address }, readFileSync)();
  const call = client.sub();
  const seen: string[] = [];
  call.on('error', () => seen.push('error'));
  call.on('status', () => seen.push('status'));
  call.resume();
  call.end();
  await until(() => falco.hanging === 1);
  const { sink } = source();
  falco.push(lines(1));
  await until(() => sink.events.length === 1);
  expect(seen).toEqual([]);
  call.cancel();
  client.close();
});

test('a server without Falco\u2019s services is told as Falco 0.44, with the way out', async () => {
  await replay({ version: '0.44.0' }).start();
  const { sink } = source();
  await until(() => sink.states.some(({ state }) => state === 'disconnected'));
  expect(sink.states[1]?.detail).toMatch(/Falco 0\.44 removed it.*http source with http_output/);
});

test('what a real Falco sent arrives, also with invalid UTF-8 and the output twice', async () => {
  const falco = replay({ jsonOutput: true, hostileShare: 0.5 });
  await falco.start();
  const frames = [...falcoFrames('frames'), ...falcoFrames('frames-hostile')];
  for (const frame of frames) falco.pushBytes(frame);
  falco.push(lines(500));
  const { sink } = source();
  await until(() => sink.events.length === frames.length + 500);
  const hostile = sink.events.filter(({ fields }) => fields.get('proc.cmdline')?.includes('\ufffd'));
  expect(hostile.length).toBeGreaterThan(100);
  expect(sink.phases).toBe('connecting streaming');
  expect(sink.malformed).toEqual([]);
});

test('malformed messages are counted by reason and nothing else changes', async () => {
  const falco = replay();
  await falco.start();
  const { source: agent, sink } = source();
  falco.push(lines(1));
  falco.pushBytes(Buffer.from([0x22, 0x05, 0x61]));
  falco.pushBytes(Buffer.alloc(0));
  falco.pushBytes(Buffer.alloc(50, 0xff));
  falco.push(lines(1, 1));
  await until(() => sink.events.length === 2);
  expect(sink.malformed).toEqual(['truncated', 'bad-time', 'wire-format']);
  expect(agent.intake).toMatchObject({
    received: 5,
    delivered: 2,
    malformed: { truncated: 1, 'bad-time': 1, 'wire-format': 1 },
  });
  expect(sink.phases).toBe('connecting streaming');
});

test('64 MiB messages cost a reconnect each and are counted, and what follows arrives', async () => {
  const falco = replay();
  await falco.start();
  const { source: agent, sink } = source();
  const huge = Buffer.alloc(64 * 1_024 * 1_024);
  for (const round of [0, 1]) {
    falco.push(lines(1, round));
    await until(() => numbers(sink).includes(round));
    falco.pushBytes(huge);
    // What the dying stream still pops is lost, here as with the real one.
    await until(() => falco.counters.streams === round + 2 && falco.clients === 1);
  }
  falco.push(lines(1, 2));
  await until(() => numbers(sink).includes(2));
  expect(sink.malformed).toEqual(['too-large', 'too-large']);
  expect(agent.counters.connects).toBe(3);
  expect(sink.gaps).toHaveLength(2);
  expect(RESPONSE_BYTES_MAX).toBeLessThan(huge.length);
});

test('jumping clocks, duplicates and events out of order pass through', async () => {
  const times = [0n, 253_402_300_799_999_999_999n, 5n, 5n, 1_795_435_969_793_231_317n, 4n];
  const falco = replay();
  await falco.start();
  const { sink } = source();
  const { rule, hostname, tags, source: origin } = base;
  for (const timeNs of times) {
    const content = { rule, hostname, tags, source: origin, output: '', fields: [], priority: 7 };
    falco.pushBytes(encodeResponse({ ...content, timeNs }));
  }
  await until(() => sink.events.length === times.length);
  expect(sink.events.map(({ timeNs }) => timeNs)).toEqual(times);
});

test('Falco\u2019s report of lost system calls is a gap with its estimate, after what came before', async () => {
  const falco = replay();
  await falco.start();
  const { sink } = source();
  const report = {
    ...base,
    rule: 'Falco internal: syscall event drop',
    source: 'internal',
    tags: undefined,
    output_fields: { n_drops: '1814', n_evts: '20000', ebpf_enabled: '1' },
  };
  falco.push([...lines(1), JSON.stringify(report), ...lines(1, 1)]);
  await until(() => sink.events.length === 3);
  expect(sink.gaps).toEqual([
    {
      fromNs: 1_795_433_700_495_234_847n,
      toNs: 1_795_433_701_495_234_847n,
      cause: 'falco-drop',
      eventsEstimate: 1_814,
    },
  ]);
});

test('a quiet stream is probed, and what the probe brings is not lost', async () => {
  const falco = replay();
  await falco.start();
  const { source: agent, sink } = source({ probeAfterMs: 30 });
  await until(() => agent.counters.probes >= 3);
  falco.push(lines(5));
  await until(() => sink.events.length === 5);
  expect(sink.phases).toBe('connecting streaming');
});

/** A Falco whose streams are served by nobody; `get` does what it is told to. */
const deafFalco = async (get: FalcoOutputs['get']): Promise<Server> => {
  const server = new Server();
  const answer = encodeVersion({ version: '0.40.0', major: 0, minor: 40, patch: 0, engineVersion: '' });
  server.addService(falcoVersioning, { version: (_call, reply) => reply(null, answer) });
  server.addService(falcoOutputs, { sub: (call) => void call.resume(), get });
  await new Promise((resolve) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), resolve);
  });
  return server;
};

test('a stream that Falco starves is found by the probe and opened again', async () => {
  const { rule, hostname, tags, source: origin } = base;
  const content = { rule, hostname, tags, source: origin, output: '', fields: [], priority: 7 };
  const server = await deafFalco((call) => {
    call.write(encodeResponse({ ...content, timeNs: 1n }));
    call.end();
  });
  const { source: agent, sink } = source({ probeAfterMs: 20 });
  await until(() => agent.counters.connects >= 2);
  expect(sink.states.find(({ state }) => state === 'disconnected')?.detail).toMatch(
    /gives no events although Falco has some/,
  );
  expect(sink.events.length).toBeGreaterThanOrEqual(2);
  await agent.stop();
  server.forceShutdown();
});

test('a Falco that hangs is found by the probe that gets no answer', async () => {
  const server = await deafFalco(() => {});
  const { source: agent, sink } = source({ probeAfterMs: 20, answerDeadlineMs: 100 });
  await until(() => agent.counters.disconnects >= 1);
  expect(sink.states.find(({ state }) => state === 'disconnected')?.detail).toMatch(/DEADLINE/);
  await agent.stop();
  server.forceShutdown();
});

test('mutual TLS: with our certificate events come, with another CA\u2019s they do not', async () => {
  const falco = replay({ address: '127.0.0.1:0', tls: tlsOf('server') });
  await falco.start();
  const connect = (identity: 'client' | 'stranger') =>
    falcoConnector({ address: falco.address, tls: tlsFilesOf(identity) }, readFileSync);
  const ours = source({ connect: connect('client') });
  const other = source({ connect: connect('stranger') });
  falco.push(lines(10));
  await until(() => ours.sink.events.length === 10);
  await until(() => other.source.counters.disconnects >= 2);
  expect(other.sink.events).toEqual([]);
  expect(other.sink.phases).not.toContain('streaming');
});

test('a server whose certificate has another name is not believed, unless the name is told', async () => {
  const falco = replay({ address: '127.0.0.1:0', tls: tlsOf('server') });
  await falco.start();
  const endpoint = { address: falco.address, tls: tlsFilesOf('client') };
  const wrong = source({
    connect: falcoConnector({ ...endpoint, serverName: 'elsewhere.test' }, readFileSync),
  });
  await until(() => wrong.source.counters.disconnects >= 1);
  const right = source({
    connect: falcoConnector({ ...endpoint, serverName: 'falco.test' }, readFileSync),
  });
  falco.push(lines(1));
  await until(() => right.sink.events.length === 1);
});

test('stopping twice, before the start and while waiting leaves nothing behind', async () => {
  const never = new FalcoGrpcSource({
    connect: falcoConnector({ address }, readFileSync),
    sink: new RecordingSink(),
    clock: systemClock,
    random: () => 0.5,
    log,
  });
  await never.stop();
  never.start();
  const { source: agent, sink } = source();
  await until(() => agent.counters.disconnects >= 1);
  await agent.stop();
  await agent.stop();
  const { length } = sink.states;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(sink.states).toHaveLength(length);
});

test.each([
  ['http://127.0.0.1:5060', undefined, /neither unix/],
  ['unix:relative.sock', undefined, /neither unix/],
  ['127.0.0.1:5060', undefined, /mutual TLS/],
  ['unix:///run/falco/falco.sock', { ca: 'a', cert: 'b', key: 'c' }, /no TLS on a unix/],
])('the address %s is refused with what is expected', (bad, tls, message) => {
  const endpoint = tls === undefined ? { address: bad } : { address: bad, tls };
  expect(() => falcoConnector(endpoint, readFileSync)).toThrow(message);
});

test('certificates that cannot be read are told and tried again', async () => {
  const tls = { ca: join(dir, 'ca.pem'), cert: join(dir, 'c.pem'), key: join(dir, 'k.pem') };
  const connect = falcoConnector({ address: '127.0.0.1:1', tls }, readFileSync);
  const { source: agent, sink } = source({ connect });
  await until(() => agent.counters.disconnects >= 2);
  expect(sink.states.some(({ detail }) => /cannot read .*ca\.pem/.test(detail))).toBe(true);
});
