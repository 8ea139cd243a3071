/**
 * The Falco of the bench, a process of its own: pre-encoded frames over a unix socket, each with
 * the time at which it happened, as fast as the client reads or at a given rate; or the same events
 * as JSON posted one after the other. Started by `main.ts`, told what to do by its first message.
 */
import { Agent, request } from 'node:http';
import process from 'node:process';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { grpcResponse, lineTimeNs, shiftedLine } from '../../../demo/replay-falco/recorded-event.ts';
import { falcoOutputs, falcoVersioning } from '../../../proto/falco/service.ts';
import { encodeVersion } from '../../../proto/falco/version.ts';
import { isTyped, tokenShape } from '../../../baseline/behaviour/shape.ts';
import { anomalousLine, fleetLines } from './fleet-lines.ts';
import type { Fleet } from './fleet-lines.ts';

export type FalcoOrders = {
  readonly fleet: Fleet;
  readonly socket: string;
  /** One of so many events is no behaviour of its image. */
  readonly anomalousOneIn: number;
  /** Null: as fast as the client reads. */
  readonly eventsPerSecond: number | null;
  /** Post JSON to this port instead. */
  readonly postTo: number | null;
};

const ANOMALIES = 64;
const WRITES_PER_TURN = 64;
const shape = { jsonOutput: false, hostileShare: 0, random: Math.random };

class Feed {
  readonly #known: readonly Frame[];
  readonly #strange: readonly Frame[];
  readonly #oneIn: number;
  #at = 0;

  constructor(lines: readonly string[], strange: readonly string[], oneIn: number) {
    const names = onceNamed(lines);
    this.#known = lines.map((line, index) => frameOf(line, names[index] ?? ''));
    this.#strange = strange.map((line) => frameOf(line, ''));
    this.#oneIn = oneIn;
  }

  /** `atMs`: when it happened. */
  next(atMs: number = timeMs()): Buffer {
    this.#at += 1;
    const isStrange = this.#at % this.#oneIn === 0;
    const frames = isStrange ? this.#strange : this.#known;
    const index = isStrange ? this.#at / this.#oneIn : this.#at;
    const { bytes, fresh } = frames[index % frames.length] as Frame;
    for (const at of fresh) bytes[at] = freshByte(bytes[at] as number);
    return Buffer.concat([timeField(atMs), bytes]);
  }
}

/** A recorded event without its time, and where a name in it is made up anew each time. */
type Frame = { readonly bytes: Buffer; readonly fresh: readonly number[] };

function frameOf(line: string, name: string): Frame {
  const frame = grpcResponse(line, shape);
  // The time is the first field: tag, length, content.
  const bytes = frame.subarray(2 + (frame[1] as number));
  const fresh: number[] = [];
  if (name === '') return { bytes, fresh };
  const from = name.lastIndexOf('/') + 1;
  const typed = typedTokens(name.slice(from));
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) {
    for (const offset of typed) fresh.push(at + from + offset);
  }
  return { bytes, fresh };
}

/**
 * The file of each event that was seen once in its pod's life: a file that is named anew each time.
 * Looping the recording would turn them into known ones, and flatter every cache.
 */
function onceNamed(lines: readonly string[]): readonly string[] {
  const files = lines.map((line) => {
    const fields = (JSON.parse(line) as { output_fields: Record<string, string | null> })
      .output_fields;
    const name = fields['fs.path.name'] ?? fields['fd.name'] ?? '';
    const isFile = name.startsWith('/') && !name.startsWith('/etc/');
    return isFile ? { name, key: `${fields['container.id']} ${name}` } : null;
  });
  const counts = new Map<string, number>();
  for (const file of files) {
    if (file !== null) counts.set(file.key, (counts.get(file.key) ?? 0) + 1);
  }
  return files.map((file) => (file !== null && counts.get(file.key) === 1 ? file.name : ''));
}

/** Places of letters and digits of tokens that machines make up. */
function typedTokens(name: string): readonly number[] {
  const places: number[] = [];
  for (const { 0: token, index } of name.matchAll(/[A-Za-z0-9]+/g)) {
    if (!isTyped(tokenShape(token))) continue;
    for (let at = 0; at < token.length; at += 1) places.push(index + at);
  }
  return places;
}

/** Another of its class: a digit, a hexadecimal letter, a letter. */
function freshByte(byte: number): number {
  if (byte >= 48 && byte <= 57) return 48 + Math.floor(Math.random() * 10);
  if (byte >= 97 && byte <= 102) return 97 + Math.floor(Math.random() * 6);
  if (byte >= 103) return 103 + Math.floor(Math.random() * 20);
  return 65 + Math.floor(Math.random() * 26);
}

const timeMs = (): number => performance.timeOrigin + performance.now();

/** `time` as Falco writes it: seconds and nanoseconds as varints. */
function timeField(atMs: number): Buffer {
  const seconds = Math.floor(atMs / 1_000);
  const nanos = Math.floor((atMs - seconds * 1_000) * 1e6);
  const content = [8, ...varint(seconds), 16, ...varint(nanos)];
  return Buffer.from([10, content.length, ...content]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

async function serve(feed: Feed, orders: FalcoOrders): Promise<void> {
  const server = new Server();
  const version = encodeVersion({
    version: '0.40.0',
    major: 0,
    minor: 40,
    patch: 0,
    engineVersion: '0.49.0',
  });
  server.addService(falcoVersioning, {
    version: (_call: unknown, reply: (error: null, bytes: Buffer) => void) => reply(null, version),
  });
  server.addService(falcoOutputs, {
    sub: (call: ServerDuplexStream<Buffer, Buffer>) => {
      if (orders.eventsPerSecond !== null) pace(call, feed, orders.eventsPerSecond);
      // A backlog without an end: one request opens the tap.
      else call.once('data', () => flood(call, feed));
    },
    get: (call: ServerDuplexStream<Buffer, Buffer>) => call.end(),
  });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(orders.socket, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error));
  });
}

function flood(call: ServerDuplexStream<Buffer, Buffer>, feed: Feed): void {
  const more = (): void => {
    for (let count = 0; count < WRITES_PER_TURN; count += 1) {
      if (call.cancelled) return;
      if (!call.write(feed.next())) {
        call.once('drain', more);
        return;
      }
    }
    setImmediate(more);
  };
  call.on('data', () => undefined);
  more();
}

/** As Falco: what happened since is sent when it is asked for, with the time at which it happened. */
function pace(call: ServerDuplexStream<Buffer, Buffer>, feed: Feed, eventsPerSecond: number): void {
  const startMs = timeMs();
  let sent = 0;
  call.on('data', () => {
    const due = Math.floor(((timeMs() - startMs) / 1_000) * eventsPerSecond);
    for (; sent < due && !call.cancelled; sent += 1) {
      call.write(feed.next(startMs + (sent / eventsPerSecond) * 1_000));
    }
  });
}

/** As Falco: one connection, one post after the other. */
async function post(lines: readonly string[], port: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let at = 0; ; at += 1) {
    const line = lines[at % lines.length] as string;
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    const body = shiftedLine(line, nowNs - (lineTimeNs(line) ?? nowNs));
    const isOver = await new Promise<boolean>((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const sent = request({ agent, port, host: '127.0.0.1', method: 'POST', path: '/', headers });
      sent.on('response', (response) => {
        response.resume();
        response.on('end', () => resolve(false));
      });
      sent.on('error', () => resolve(true));
      sent.end(body);
    });
    if (isOver) return;
  }
}

async function obey(orders: FalcoOrders): Promise<void> {
  const lines = fleetLines(orders.fleet);
  if (orders.postTo !== null) {
    process.send?.('ready');
    await post(lines, orders.postTo);
    process.disconnect?.();
    return;
  }
  const strange = Array.from({ length: ANOMALIES }, (_, number) =>
    anomalousLine(number % orders.fleet.images, number));
  await serve(new Feed(lines, strange, orders.anomalousOneIn), orders);
  process.send?.('ready');
}

process.once('message', (orders: FalcoOrders) => void obey(orders));
process.on('disconnect', () => process.exit(0));
