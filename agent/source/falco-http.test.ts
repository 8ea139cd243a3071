import http from 'node:http';
import net from 'node:net';
import { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { HttpReplay } from '../../demo/replay-falco/http-replay.ts';
import { eventLines } from '../../test/fixtures/falco/frames.ts';
import { tlsOf } from '../../test/fixtures/tls/tls.ts';
import { systemClock } from './clock.ts';
import type { FalcoEvent } from './event.ts';
import type { FalcoHttpOptions } from './falco-http.ts';
import { CONNECTIONS_MAX, FalcoHttpSource } from './falco-http.ts';
import { BODY_BYTES_MAX } from './http-rejection.ts';
import { RepeatedEvent } from './repeated-event.ts';
import { RecordingSink } from './testing/recording-sink.ts';

const log = pino({ level: 'silent' });
const sources: FalcoHttpSource[] = [];
const senders: HttpReplay[] = [];

afterEach(async () => {
  for (const sender of senders.splice(0)) sender.stop();
  await Promise.all(sources.splice(0).map((source) => source.stop()));
});

const until = (isTrue: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!isTrue()) throw new Error('not yet');
    },
    { timeout: 20_000, interval: 5 },
  );

const listening = async (
  options: Partial<FalcoHttpOptions> = {},
  sink = new RecordingSink(),
) => {
  const common = { host: '127.0.0.1', port: 0, path: '/', clock: systemClock, log };
  const source = new FalcoHttpSource({ ...common, sink, ...options });
  sources.push(source);
  source.start();
  await until(() => sink.states.length > 0);
  return { source, sink };
};

const falco = (source: FalcoHttpSource, tls?: ReturnType<typeof tlsOf>): HttpReplay => {
  const scheme = tls === undefined ? 'http' : 'https';
  const url = `${scheme}://127.0.0.1:${source.port}/`;
  const sender = new HttpReplay(tls === undefined ? { url } : { url, tls });
  senders.push(sender);
  return sender;
};

const line = (number: number): string =>
  JSON.stringify({
    rule: 'r',
    priority: 'Debug',
    output_fields: { number },
    time: '2026-11-23T11:35:01.495234847Z',
  });
const lines = (count: number): string[] => Array.from({ length: count }, (_, n) => line(n));
const numbers = (sink: RecordingSink): number[] =>
  sink.events.map(({ fields }) => Number(fields.get('number')));

type Sent = { method?: string; path?: string; type?: string; body?: string | Buffer };

const send = (source: FalcoHttpSource, { method, path, type, body }: Sent): Promise<number> =>
  new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port: source.port,
        method: method ?? 'POST',
        path: path ?? '/',
        headers: { 'content-type': type ?? 'application/json' },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    request.on('error', reject);
    request.end(body ?? line(0));
  });

test('thousands of events on one connection all arrive, in order and in batches', async () => {
  const { source, sink } = await listening();
  const sender = falco(source);
  await sender.push(lines(8_000));
  await until(() => sink.events.length === 8_000);
  expect(numbers(sink)).toEqual(Array.from({ length: 8_000 }, (_, index) => index));
  expect(sender.counters).toEqual({ sent: 8_000, lost: 0, connections: 1 });
  expect([...sender.statuses]).toEqual([[200, 8_000]]);
  expect(source.counters.connections).toBe(1);
  expect(sink.phases).toBe('connecting streaming');
});

test('recorded events arrive over mutual TLS', async () => {
  const { source, sink } = await listening({ tls: tlsOf('server') });
  const recorded = eventLines().slice(0, 300);
  await falco(source, tlsOf('client')).push(recorded);
  await until(() => sink.events.length === recorded.length);
  expect(sink.malformed).toEqual([]);
});

test('a client with a certificate of another CA gets nothing in, and is counted', async () => {
  const { source, sink } = await listening({ tls: tlsOf('server') });
  const stranger = falco(source, tlsOf('stranger'));
  await stranger.push([line(0)]);
  await until(() => source.counters.rejected.tls === 1);
  expect(stranger.counters.lost).toBe(1);
  expect(sink.events).toEqual([]);
  await falco(source, tlsOf('client')).push([line(1)]);
  await until(() => sink.events.length === 1);
});

test('a renewed certificate serves the next connection', async () => {
  const { source, sink } = await listening({ tls: tlsOf('stranger') });
  const before = falco(source, tlsOf('client'));
  await before.push([line(0)]);
  expect(before.counters.lost).toBe(1);
  source.renewCertificate(tlsOf('server'));
  await falco(source, tlsOf('client')).push([line(1)]);
  await until(() => sink.events.length === 1);
});

/** Posts in a thread of its own and raises the flag at the first byte of the answer. */
const POSTER = `
  const { workerData: { port, head, body, flag, tls } } = require('node:worker_threads');
  const socket = tls
    ? require('node:tls').connect({ port, host: '127.0.0.1', checkServerIdentity: () => undefined,
        ca: Buffer.from(tls.ca), cert: Buffer.from(tls.cert), key: Buffer.from(tls.key) })
    : require('node:net').connect(port, '127.0.0.1');
  socket.write(head + body);
  socket.once('data', () => {
    Atomics.store(new Int32Array(flag), 0, 1);
    Atomics.notify(new Int32Array(flag), 0);
    socket.destroy();
  });`;

test.each([
  ['plain', undefined],
  ['TLS', 'server'],
] as const)('over %s Falco has its answer before its event is read', async (_, own) => {
  const flag = new SharedArrayBuffer(4);
  const answered: string[] = [];
  // Nothing else can run here while the sink waits: what the thread gets was sent before.
  class WaitingSink extends RecordingSink {
    override onEvents(events: readonly FalcoEvent[]): void {
      super.onEvents(events);
      Atomics.wait(new Int32Array(flag), 0, 0, 20_000);
      answered.push(Atomics.load(new Int32Array(flag), 0) === 1 ? 'before' : 'after');
    }
  }
  const sink = new WaitingSink();
  const { source } = await listening(own === undefined ? {} : { tls: tlsOf(own) }, sink);
  const body = line(0);
  const head = 'POST / HTTP/1.1\r\nHost: lanner\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${body.length}\r\n\r\n`;
  const tls = own === undefined ? null : tlsOf('client');
  const workerData = { port: source.port, head, body, flag, tls };
  const poster = new Worker(POSTER, { eval: true, workerData });
  await until(() => answered.length > 0);
  await poster.terminate();
  expect(answered).toEqual(['before']);
});

test('a body in many pieces, asked for before it is sent, is one event', async () => {
  const { source, sink } = await listening();
  const body = line(7);
  const request = http.request({
    host: '127.0.0.1',
    port: source.port,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'transfer-encoding': 'chunked',
      expect: '100-continue',
    },
  });
  const status = new Promise((resolve, reject) => {
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject);
  });
  request.on('continue', () => {
    for (const letter of body) request.write(letter);
    request.end();
  });
  request.flushHeaders();
  expect(await status).toBe(200);
  await until(() => sink.events.length === 1);
  expect(numbers(sink)).toEqual([7]);
});

test('a connection that breaks in a body brings no event and hurts no other', async () => {
  const { source, sink } = await listening();
  const socket = net.connect(source.port, '127.0.0.1');
  socket.on('error', () => {});
  const head = 'POST / HTTP/1.1\r\nHost: lanner\r\nContent-Type: application/json\r\n';
  socket.write(`${head}Content-Length: ${line(1).length}\r\n\r\n${line(1).slice(0, 40)}`);
  await until(() => source.counters.requests === 1);
  socket.destroy();
  await falco(source).push([line(2)]);
  await until(() => sink.events.length === 1);
  expect(numbers(sink)).toEqual([2]);
});

test('what a container repeats is recognised by its bytes, and reads like any other', async () => {
  const { source, sink } = await listening();
  const one = eventLines().find((some) => /"evt.type":"openat".*"fd.name":"\//.test(some)) ?? '';
  await falco(source).push([one, one, one]);
  await until(() => sink.events.length === 3);
  expect(sink.events.map((event) => event instanceof RepeatedEvent)).toEqual([false, true, true]);
  const [first, , last] = sink.events as [FalcoEvent, FalcoEvent, FalcoEvent];
  const { timeNs, rule, priority, source: kind, hostname, tags, fields } = last;
  expect({ timeNs, rule, priority, source: kind, hostname, tags, fields }).toEqual(first);
});

test.each([
  ['another method', { method: 'GET', body: '' }, 400, 'method'],
  ['another path', { path: '/x' }, 400, 'path'],
  ['another content type', { type: 'text/plain' }, 400, 'content-type'],
  ['an empty body', { body: '' }, 400, 'not-falco'],
  ['a body that is no JSON', { body: 'hello' }, 400, 'not-falco'],
  ['half a body', { body: line(0).slice(0, -1) }, 400, 'not-falco'],
  ['JSON of somebody else', { body: '{"level":"info"}' }, 400, 'not-falco'],
  ['a body above the bound', { body: Buffer.alloc(BODY_BYTES_MAX + 1, '{') }, 413, 'too-large'],
] as const)('%s is refused and counted', async (_, sent, status, reason) => {
  const { source, sink } = await listening();
  expect(await send(source, sent)).toBe(status);
  expect(source.counters.rejected[reason]).toBe(1);
  expect(sink.events).toEqual([]);
  expect(await send(source, {})).toBe(200);
});

test('a chunked body above the bound is refused while it comes', async () => {
  const { source, sink } = await listening();
  const status = await new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: source.port, method: 'POST' };
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
    const request = http.request({ ...options, headers }, (response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    // The server closes under the rest of the body.
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    for (let sent = 0; sent <= BODY_BYTES_MAX; sent += 65_536) request.write(Buffer.alloc(65_536));
  });
  expect(status).toBe(413);
  expect(sink.malformed).toEqual(['too-large']);
});

test('what looks like Falco and does not parse is answered, counted and skipped', async () => {
  const { source, sink } = await listening();
  expect(await send(source, { body: '{"output_fields": nonsense}' })).toBe(200);
  expect(await send(source, { body: '{"output_fields":{},"rule":"r","priority":"Debug"}' })).toBe(
    200,
  );
  expect(await send(source, { body: `${line(7)}\n` })).toBe(200);
  await until(() => sink.events.length === 1);
  expect(sink.malformed.toSorted()).toEqual(['bad-time', 'not-json']);
});

test('invalid UTF-8 in a body is text with U+FFFD', async () => {
  const { source, sink } = await listening();
  const body = Buffer.from(line(0).replace('"number":0', '"proc.cmdline":"sh ??"'));
  body.fill(0xff, body.indexOf('??'), body.indexOf('??') + 2);
  expect(await send(source, { body })).toBe(200);
  await until(() => sink.events.length === 1);
  expect(sink.events[0]?.fields.get('proc.cmdline')).toBe('sh \ufffd\ufffd');
});

test('bytes that are no HTTP are counted and cut off', async () => {
  const { source } = await listening();
  const socket = net.connect(source.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.end('\u0016\u0003\u0001 not http\r\n\r\n');
  await until(() => source.counters.rejected.http === 1);
  expect(source.counters.requests).toBe(0);
});

test('whoever holds all connections and says nothing makes room for a Falco that comes', async () => {
  const { source, sink } = await listening();
  const sockets = Array.from({ length: CONNECTIONS_MAX }, () => {
    const socket = net.connect(source.port, '127.0.0.1');
    socket.on('error', () => {});
    return socket;
  });
  await until(() => source.counters.connections === CONNECTIONS_MAX);
  const sender = falco(source);
  await sender.push([line(0), line(1)]);
  await until(() => sink.events.length === 2);
  expect(sender.counters).toEqual({ sent: 2, lost: 0, connections: 1 });
  expect(source.counters.rejected.connections).toBe(1);
  await until(() => sockets[0]?.destroyed === true);
  for (const socket of sockets) socket.destroy();
});

test('connections above the bound are dropped and counted, and Falco\u2019s goes on', async () => {
  const { source, sink } = await listening();
  const sender = falco(source);
  await sender.push([line(0)]);
  const sockets = Array.from({ length: CONNECTIONS_MAX + 5 }, () => {
    const socket = net.connect(source.port, '127.0.0.1');
    socket.on('error', () => {});
    return socket;
  });
  await until(() => source.counters.rejected.connections >= 5);
  await sender.push([line(1)]);
  await until(() => sink.events.length === 2);
  for (const socket of sockets) socket.destroy();
  expect(sender.counters).toMatchObject({ sent: 2, lost: 0, connections: 1 });
});

test('a Falco that goes away and comes back is a gap; a replaced connection is none', async () => {
  let nowMs = 0;
  const clock = { ...systemClock, nowMs: () => nowMs, nowNs: () => BigInt(nowMs) * 1_000_000n };
  const { source, sink } = await listening({ clock });
  const first = falco(source);
  await first.push([line(0), line(1)]);
  first.stop();
  const second = falco(source);
  await second.push([line(2), line(3)]);
  await until(() => sink.events.length === 4);
  expect(sink.gaps).toEqual([]);
  second.stop();
  await until(() => sink.states.at(-1)?.state === 'disconnected');
  nowMs = 1_500;
  await falco(source).push([line(4)]);
  await until(() => sink.events.length === 5);
  expect(sink.gaps).toEqual([
    { fromNs: 0n, toNs: 1_500_000_000n, cause: 'falco-restart', eventsEstimate: -1 },
  ]);
  expect(sink.phases).toBe('connecting streaming disconnected streaming');
});

test('a sender with a connection per event is no Falco that restarts again and again', async () => {
  let nowMs = 0;
  const clock = { ...systemClock, nowMs: () => nowMs };
  const { source, sink } = await listening({ clock });
  for (const number of [0, 1, 2]) {
    const sender = falco(source);
    await sender.push([line(number)]);
    sender.stop();
    await until(() => sink.events.length === number + 1);
    nowMs += 60_000;
  }
  expect(sink.gaps).toEqual([]);
});

test('a port that is taken ends the source with the reason', async () => {
  const { source } = await listening();
  const { sink } = await listening({ port: source.port });
  expect(sink.states).toEqual([{ state: 'ended', detail: expect.stringContaining('EADDRINUSE') }]);
});

test('stopping closes what is open, at once and twice', async () => {
  const { source, sink } = await listening();
  const sender = falco(source);
  await sender.push([line(0)]);
  await Promise.all([source.stop(), source.stop()]);
  expect(sink.events).toHaveLength(1);
  expect(sink.states.at(-1)).toEqual({ state: 'ended', detail: 'stopped' });
  await sender.push([line(1)]);
  expect(sender.counters.lost).toBe(1);
});
