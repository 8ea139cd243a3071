import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

import { afterEach, expect, test } from 'vitest';

import { pemPath, tlsOf } from '../../../test/fixtures/tls/tls.ts';
import { systemClock } from '../../clock.ts';
import { anAlert } from '../../testing/alerts.ts';
import { alertNotice } from '../../testing/notices.ts';
import { createSender } from '../create-sender.ts';
import type { OutputConfig } from '../output-config.ts';
import type { Sender } from '../sender.ts';
import { readFrames, readSyslog } from '../testing/read-syslog.ts';
import { anOutput } from '../testing/stream.ts';

const signal = new AbortController().signal;
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

function senderOf(over: Partial<OutputConfig>): Sender {
  const output = anOutput({ kind: 'syslog', timeoutSeconds: 5, ...over });
  const sender = createSender({ output, version: '1', clock: systemClock, env: {} });
  stops.push(() => sender.close());
  return sender;
}

const alerts = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => alertNotice(anAlert({ id: `a${from + index}` })));

/** A receiver of octet-counted messages; `messages` in order of arrival. */
class Receiver {
  readonly uuids: string[] = [];
  readonly sockets: Socket[] = [];
  readonly #wakes = new Set<() => void>();
  readonly take = (socket: Socket): void => {
    this.sockets.push(socket);
    let rest: Buffer = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const read = readFrames(Buffer.concat([rest, chunk]));
      rest = read.rest;
      for (const frame of read.frames) {
        this.uuids.push(readSyslog(frame).data.get('lanner@32473')?.get('uuid') ?? '');
      }
      for (const wake of this.#wakes) wake();
    });
  };

  async listen(server: Server, port = 0): Promise<string> {
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    stops.push(async () => {
      for (const socket of this.sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return `localhost:${(server.address() as AddressInfo).port}`;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wakes.delete(wake);
          resolve();
        };
        this.#wakes.add(wake);
      });
    }
  }
}

test('TCP: octet-counted messages in order', async () => {
  const receiver = new Receiver();
  const address = await receiver.listen(createServer(receiver.take));
  const sender = senderOf({ transport: 'tcp', address });
  expect(await sender.send(alerts(0, 50), signal)).toEqual(Array(50).fill(undefined));
  await receiver.until(() => receiver.uuids.length === 50);
  expect(receiver.uuids).toEqual(alerts(0, 50).map(({ uuid }) => uuid));
});

test('TLS: only to who the CA knows', async () => {
  const receiver = new Receiver();
  const address = await receiver.listen(createTlsServer(
    tlsOf('server'), receiver.take));
  const caFile = pemPath('ca');
  await senderOf({ transport: 'tls', address, tls: { caFile } }).send(alerts(0, 2), signal);
  await receiver.until(() => receiver.uuids.length === 2);
  const [failure] = await senderOf({ transport: 'tls', address }).send(alerts(2, 1), signal);
  expect(failure).toMatchObject({ kind: 'transient', class: 'tls' });
  expect(receiver.uuids).toHaveLength(2);
});

test('what went into a connection that broke goes into the next one, too', async () => {
  const receiver = new Receiver();
  const server = createServer(receiver.take);
  const address = await receiver.listen(server);
  const sender = senderOf({ transport: 'tcp', address });
  await sender.send(alerts(0, 3), signal);
  await receiver.until(() => receiver.uuids.length === 3);
  // Nobody can know whether those three were read before the end.
  const [first] = receiver.sockets;
  first?.resetAndDestroy();
  for (let tries = 0; !receiver.uuids.includes('a3:1') && tries < 100; tries += 1) {
    await sender.send(alerts(3, 1), signal);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const counts = (uuid: string): number => receiver.uuids.filter((one) => one === uuid).length;
  await receiver.until(() => counts('a3:1') > 0);
  expect(['a0:1', 'a1:1', 'a2:1'].map(counts)).toEqual([2, 2, 2]);
});

test('a receiver that is not there is a failure, and nothing is lost', async () => {
  const receiver = new Receiver();
  const server = createServer(receiver.take);
  const address = await receiver.listen(server);
  await new Promise((resolve) => server.close(resolve));
  stops.pop();
  const sender = senderOf({ transport: 'tcp', address });
  expect((await sender.send(alerts(0, 2), signal)).map((one) => one?.class))
    .toEqual(['connect', 'connect']);
  const again = createServer(receiver.take);
  await receiver.listen(again, Number(address.split(':')[1]));
  expect(await sender.send(alerts(0, 2), signal)).toEqual([undefined, undefined]);
  await receiver.until(() => receiver.uuids.length === 2);
});

test('UDP: one datagram each, never larger than the bound', async () => {
  const socket = createSocket('udp4');
  const got: Buffer[] = [];
  const heard = Promise.withResolvers<void>();
  socket.on('message', (message) => {
    got.push(message);
    if (got.length === 2) heard.resolve();
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  stops.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  const long = alertNotice(anAlert({ id: 'long', reason: { en: 'x'.repeat(9_000), zh: '' } }));
  const sender = senderOf({ transport: 'udp', address: `127.0.0.1:${socket.address().port}`, body: 'json' });
  await sender.send([...alerts(0, 1), long], signal);
  await heard.promise;
  expect(got.map((message) => readSyslog(message).msgId)).toEqual(['alert', 'alert']);
  expect(Math.max(...got.map(({ length }) => length))).toBeLessThanOrEqual(2_048);
});
