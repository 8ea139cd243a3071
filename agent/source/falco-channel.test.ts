import { once } from 'node:events';
import type { Server as NetServer, Socket } from 'node:net';
import { connect, createServer as createNetServer } from 'node:net';
import { constants, createServer } from 'node:http2';
import type { Http2Server, ServerHttp2Stream } from 'node:http2';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RESPONSE_BYTES_MAX } from '../../proto/falco/response-reader.ts';
import { systemClock } from './clock.ts';
import { FalcoChannel } from './falco-channel.ts';
import { endDetail, endReason } from './falco-status.ts';
import type { GrpcEnd } from './grpc-end.ts';
import { until } from './testing/falco-rig.ts';

/** A server that is told what to say, on HTTP/2 itself: what a gRPC library would never send. */
let folder = '';
let path = '';
const servers: (Http2Server | NetServer)[] = [];
const sockets = new Set<Socket>();
const channels: FalcoChannel[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-channel-'));
  path = join(folder, 's');
});
afterEach(async () => {
  await Promise.all(channels.splice(0).map((channel) => channel.close()));
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function listening<S extends Http2Server | NetServer>(server: S): Promise<S> {
  servers.push(server);
  server.on('connection', (socket: Socket) => void sockets.add(socket));
  server.listen(path);
  await once(server, 'listening');
  return server;
}

const serverWith = (answer: (stream: ServerHttp2Stream) => void): Promise<Http2Server> => {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined);
    answer(stream);
  });
  server.on('session', (session) => session.on('error', () => undefined));
  return listening(server);
};

function channel(): FalcoChannel {
  const made = new FalcoChannel({
    authority: 'localhost', isTls: false, open: () => connect(path), clock: systemClock,
  });
  channels.push(made);
  return made;
}

/** One `get`: what came, and how it ended; more than one end would be seen. */
async function got(from = channel(), deadlineMs = 10_000) {
  const messages: string[] = [];
  const ends: GrpcEnd[] = [];
  from.get(deadlineMs, {
    onMessage: (bytes, start, end) => messages.push(bytes.toString('latin1', start, end)),
    onEnd: (end) => ends.push(end),
  });
  await until(() => ends.length > 0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(ends).toHaveLength(1);
  const end = ends[0] as GrpcEnd;
  return { messages, code: end.code, reason: endReason(end), detail: endDetail(end) };
}

const GRPC = { ':status': 200, 'content-type': 'application/grpc' } as const;
const message = (text: string): Buffer => {
  const bytes = Buffer.alloc(5 + text.length, text === '' ? 0 : text);
  bytes.fill(0, 0, 5);
  bytes.writeUInt32BE(text.length, 1);
  bytes.write(text, 5, 'latin1');
  return bytes;
};
const withTrailers = (trailers: Record<string, string>, body: readonly Buffer[] = []) =>
  (stream: ServerHttp2Stream): void => {
    stream.respond(GRPC, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    for (const bytes of body) stream.write(bytes);
    stream.end();
  };

test('messages, then the status of the trailers', async () => {
  const body = [message('one'), Buffer.concat([message(''), message('two')]).subarray(0, 7),
    Buffer.concat([message(''), message('two')]).subarray(7)];
  await serverWith(withTrailers({ 'grpc-status': '0' }, body));
  expect(await got()).toMatchObject({ messages: ['one', '', 'two'], reason: 'ok', detail: 'OK' });
});

test.each([
  [{ 'grpc-status': '14', 'grpc-message': 'going%20away' }, 'unavailable', 'UNAVAILABLE: going away'],
  [{ 'grpc-status': '8', 'grpc-message': 'larger than max' }, 'failed', 'RESOURCE_EXHAUSTED: larger than max'],
  [{ 'grpc-status': '4' }, 'stalled', 'DEADLINE_EXCEEDED'],
  [{ 'grpc-status': '99' }, 'failed', 'UNKNOWN'],
  [{ 'grpc-status': '-1' }, 'failed', 'UNKNOWN'],
  [{ 'grpc-status': 'OK' }, 'failed', 'UNKNOWN'],
  [{ 'grpc-status': '2', 'grpc-message': '%zz%ff' }, 'failed', 'UNKNOWN: %zz%ff'],
  [{ 'grpc-status': '2', 'grpc-message': 'x'.repeat(5_000) }, 'failed', `UNKNOWN: ${'x'.repeat(247)}`],
  [{}, 'failed', 'UNKNOWN: the stream ended without a status'],
])('trailers %o are told as %s', async (trailers, reason, detail) => {
  await serverWith(withTrailers(trailers));
  expect(await got()).toMatchObject({ reason, detail });
});

test('an answer of headers alone is a status too', async () => {
  await serverWith((stream) =>
    stream.respond({ ...GRPC, 'grpc-status': '12', 'grpc-message': 'no such method' }, { endStream: true }));
  expect(await got()).toMatchObject({ reason: 'unimplemented', detail: 'UNIMPLEMENTED: no such method' });
});

test.each([
  [401, status.UNAUTHENTICATED], [403, status.PERMISSION_DENIED], [404, status.UNIMPLEMENTED],
  [429, status.UNAVAILABLE], [503, status.UNAVAILABLE], [500, status.UNKNOWN], [302, status.UNKNOWN],
])('HTTP status %i is no gRPC, and its body no message', async (http, code) => {
  await serverWith((stream) => {
    stream.respond({ ':status': http, 'content-type': 'text/html' });
    stream.end(message('not an event'));
  });
  const found = await got();
  expect(found).toMatchObject({ messages: [], code });
  expect(found.detail).toContain(`HTTP status ${http}`);
});

test.each([
  ['REFUSED_STREAM', constants.NGHTTP2_REFUSED_STREAM, status.UNAVAILABLE],
  ['CANCEL', constants.NGHTTP2_CANCEL, status.CANCELLED],
  ['ENHANCE_YOUR_CALM', constants.NGHTTP2_ENHANCE_YOUR_CALM, status.RESOURCE_EXHAUSTED],
  ['INTERNAL_ERROR', constants.NGHTTP2_INTERNAL_ERROR, status.INTERNAL],
  ['NO_ERROR', constants.NGHTTP2_NO_ERROR, status.UNKNOWN],
])('a stream reset with %s keeps what came before', async (_name, rstCode, code) => {
  await serverWith((stream) => {
    // Without it Node ends the stream in order before it resets it.
    stream.respond(GRPC, { waitForTrailers: true });
    stream.write(message('first'), () => setImmediate(() => stream.close(rstCode)));
  });
  expect(await got()).toMatchObject({ messages: ['first'], code });
});

test('a message above the bound is refused by its prefix alone', async () => {
  await serverWith((stream) => {
    stream.respond(GRPC);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(RESPONSE_BYTES_MAX + 1, 1);
    stream.write(Buffer.concat([message('small'), prefix]));
  });
  expect(await got()).toMatchObject({ messages: ['small'], reason: 'message-too-large' });
});

test('a compressed message ends the call with the reason', async () => {
  await serverWith((stream) => {
    stream.respond(GRPC);
    stream.write(Buffer.from([1, 0, 0, 0, 1, 65]));
  });
  expect(await got()).toMatchObject({ messages: [], reason: 'failed', detail: /INTERNAL: a compressed/ });
});

test('OK within a message is none', async () => {
  await serverWith(withTrailers({ 'grpc-status': '0' }, [message('one'), message('two').subarray(0, 7)]));
  expect(await got()).toMatchObject({ messages: ['one'], detail: 'INTERNAL: it ended within a message' });
});

test('no answer in time, and no connection in time, are both a deadline', async () => {
  const server = await serverWith((stream) => stream.respond(GRPC));
  expect(await got(channel(), 50)).toMatchObject({ reason: 'stalled', detail: /DEADLINE_EXCEEDED/ });
  server.close();
  rmSync(path, { force: true });
  // Accepts, and never says a word of HTTP/2.
  await listening(createNetServer());
  expect(await got(channel(), 50)).toMatchObject({ reason: 'stalled' });
});

test.each<[string, (stream: ServerHttp2Stream) => void]>([
  ['GOAWAY', ({ session }) => {
    session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }],
  ['a closed connection', ({ session }) => {
    session?.destroy();
  }],
])('%s in mid-stream is unavailable, once', async (_name, go) => {
  await serverWith((stream) => {
    stream.respond(GRPC);
    stream.write(message('first'), () => setImmediate(() => go(stream)));
  });
  expect(await got()).toMatchObject({ messages: ['first'], reason: 'unavailable' });
});

test('a call on a channel whose server said goodbye ends at once', async () => {
  const said: ServerHttp2Stream[] = [];
  await serverWith((stream) => {
    said.push(stream);
    stream.respond(GRPC);
    if (said.length === 1) stream.session?.close();
  });
  const one = channel();
  const ends: GrpcEnd[] = [];
  one.sub({ onMessage: () => undefined, onEnd: (end) => ends.push(end) });
  await until(() => said.length === 1);
  const second = await got(one, 2_000);
  expect(second.reason).toMatch(/unavailable|stalled/);
});

test('no socket, a stale one and one that speaks something else are told apart by their words', async () => {
  expect(await got()).toMatchObject({ reason: 'unavailable', detail: /^UNAVAILABLE: connect ENOENT/ });
  writeFileSync(path, '');
  expect(await got()).toMatchObject({ reason: 'unavailable', detail: /^UNAVAILABLE: connect ECONNREFUSED/ });
  rmSync(path);
  await listening(createNetServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')));
  expect(await got()).toMatchObject({ reason: 'unavailable' });
});

test('a cancelled call ends once, and its server sees a reset', async () => {
  let rstCode = -1;
  let requests = 0;
  await serverWith((stream) => {
    stream.respond(GRPC);
    stream.on('data', () => (requests += 1));
    stream.on('close', () => (rstCode = stream.rstCode));
  });
  const ends: GrpcEnd[] = [];
  const stream = channel().sub({ onMessage: () => undefined, onEnd: (end) => ends.push(end) });
  stream.request();
  await until(() => requests > 0);
  stream.cancel();
  stream.cancel();
  stream.request();
  await until(() => rstCode >= 0);
  expect(rstCode).toBe(constants.NGHTTP2_CANCEL);
  await until(() => ends.length > 0);
  expect(ends).toEqual([{ code: status.CANCELLED, details: 'cancelled' }]);
});
