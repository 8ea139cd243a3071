import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { pemPath, tlsOf } from '../../../test/fixtures/tls/tls.ts';
import { systemClock } from '../../clock.ts';
import { anAlert } from '../../testing/alerts.ts';
import { alertNotice } from '../../testing/notices.ts';
import { createSender } from '../create-sender.ts';
import type { OutputConfig } from '../output-config.ts';
import type { Delivery, Sender } from '../sender.ts';
import { anOutput } from '../testing/stream.ts';

type Heard = { readonly headers: IncomingMessage['headers']; readonly body: string; readonly url: string };

let folder: string;
let heard: Heard[];
let answer: (heard: Heard) => { status: number; headers?: Record<string, string>; body?: string };
const servers: Server[] = [];
const senders: Sender[] = [];
const signal = new AbortController().signal;
const notices = (count: number) =>
  Array.from({ length: count }, (_, index) => alertNotice(anAlert({ id: `a${index}` })));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-http-'));
  heard = [];
  answer = () => ({ status: 200 });
});
afterEach(async () => {
  for (const sender of senders.splice(0)) await sender.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true });
});

const listener: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    const one = { headers: request.headers, body, url: request.url ?? '' };
    heard.push(one);
    const { status, headers = {}, body: text = '' } = answer(one);
    response.writeHead(status, headers).end(text);
  });
};

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function senderOf(over: Partial<OutputConfig>, env: Record<string, string> = {}): Sender {
  const sender = createSender({ output: anOutput(over), version: '1', clock: systemClock, env });
  senders.push(sender);
  return sender;
}

const classes = (deliveries: readonly Delivery[]) =>
  deliveries.map((delivery) => (delivery === undefined ? 'taken' : `${delivery.kind} ${delivery.class}`));

describe('HTTP outputs', () => {
  test('each kind posts where and how its receiver expects it', async () => {
    const port = await listen(createServer(listener));
    const url = `http://127.0.0.1:${port}`;
    await senderOf({ kind: 'falcosidekick', url }).send(notices(2), signal);
    await senderOf({ kind: 'otlp', url }).send(notices(2), signal);
    await senderOf({ kind: 'alertmanager', url: `${url}/am/` }).send(notices(2), signal);
    await senderOf({ kind: 'ocsf', url: `${url}/in`, batch: 'lines' }).send(notices(2), signal);
    await senderOf({ kind: 'ecs', url }).send(notices(2), signal);
    expect(heard.map(({ url: path }) => path))
      .toEqual(['/', '/', '/v1/logs', '/am/api/v2/alerts', '/in', '/']);
    expect(heard[4]?.headers['content-type']).toBe('application/x-ndjson');
    expect(heard[4]?.body.trimEnd().split('\n').map((line) => JSON.parse(line) as object)).toHaveLength(2);
    expect(JSON.parse(heard[5]?.body ?? '')).toHaveLength(2);
  });

  test('a webhook is signed with each key, over the time and the body as sent', async () => {
    const port = await listen(createServer(listener));
    const keys = [{ id: 'new', key: { env: 'NEW' } }, { id: 'old', key: { env: 'OLD' } }];
    const sender = senderOf({ kind: 'webhook', url: `http://127.0.0.1:${port}`, keys },
      { NEW: 'n3w-key', OLD: '0ld-key' });
    await sender.send(notices(3), signal);
    const [{ headers, body }] = heard as [Heard];
    const parts = new Map(String(headers['lanner-signature']).split(', ')
      .map((part) => part.split('=') as [string, string]));
    for (const [id, key] of [['new', 'n3w-key'], ['old', '0ld-key']] as const) {
      const expected = createHmac('sha256', key).update(`${parts.get('t') ?? ''}.${body}`).digest('hex');
      expect(parts.get(id)).toBe(expected);
    }
    expect((JSON.parse(body) as { items: unknown[] }).items).toHaveLength(3);
  });

  test.each([
    [400, 'permanent http-4xx'],
    [413, 'permanent too-large'],
    [401, 'transient http-4xx'],
    [404, 'transient http-4xx'],
    [429, 'transient http-429'],
    [503, 'transient http-5xx'],
    [302, 'transient http-3xx'],
  ])('%i is %s', async (status, expected) => {
    const port = await listen(createServer(listener));
    // A redirect to somebody who would say yes.
    answer = ({ url }) => (url === '/else' ? { status: 200 } : { status, headers: { location: '/else' } });
    const sender = senderOf({ kind: 'falcosidekick', url: `http://127.0.0.1:${port}/x` });
    expect(classes(await sender.send(notices(1), signal))).toEqual([expected]);
    expect(heard.map(({ url }) => url)).toEqual(['/x']);
  });

  test('the wait that a receiver asks for is told, up to five minutes', async () => {
    const port = await listen(createServer(listener));
    answer = () => ({ status: 503, headers: { 'retry-after': '86400' } });
    const sender = senderOf({ kind: 'ecs', url: `http://127.0.0.1:${port}` });
    expect((await sender.send(notices(1), signal))[0]?.retryAfterMs).toBe(300_000);
  });

  test('a body of several that is refused says that any of them may be the one', async () => {
    const port = await listen(createServer(listener));
    answer = () => ({ status: 400 });
    const sender = senderOf({ kind: 'ecs', url: `http://127.0.0.1:${port}` });
    expect((await sender.send(notices(2), signal)).map((one) => one?.isShared)).toEqual([true, true]);
  });

  test('OTLP’s partial success is no success', async () => {
    const port = await listen(createServer(listener));
    answer = () => ({ status: 200,
      body: '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too\\u0007 old"}}' });
    const [failure] = await senderOf({ kind: 'otlp', url: `http://127.0.0.1:${port}` })
      .send(notices(1), signal);
    expect(failure).toMatchObject({ class: 'rejected', detail: '1 log records rejected: too\\x07 old' });
  });

  test('a secret that the receiver repeats is not in what we say of it', async () => {
    const port = await listen(createServer(listener));
    answer = ({ headers }) => ({ status: 403, body: `you said ${headers.authorization ?? ''}` });
    writeFileSync(join(folder, 'token'), 'hunter2-hunter2\n');
    const sender = senderOf({ kind: 'ecs', url: `http://127.0.0.1:${port}`,
      token: { file: join(folder, 'token') } });
    const [failure] = await sender.send(notices(1), signal);
    expect(heard[0]?.headers.authorization).toBe('Bearer hunter2-hunter2');
    expect(failure?.detail).toBe('HTTP 403: you said Bearer [redacted]');
  });

  test('a secret that is not there is a failure that says which, and nothing is sent', async () => {
    const port = await listen(createServer(listener));
    const sender = senderOf({ kind: 'ecs', url: `http://127.0.0.1:${port}`, token: { env: 'NO' } });
    expect(await sender.send(notices(1), signal)).toMatchObject([
      { kind: 'transient', class: 'secret', detail: 'the environment variable NO is not set' }]);
    expect(heard).toEqual([]);
  });

  test('a receiver that never answers is given up, one that answers for ever is cut off', async () => {
    const silent = await listen(createServer(() => undefined));
    const sender = senderOf({ kind: 'ecs', url: `http://127.0.0.1:${silent}`, timeoutSeconds: 1 });
    expect(classes(await sender.send(notices(1), signal))).toEqual(['transient timeout']);
    const endless = await listen(createServer((_, response) => {
      response.writeHead(200);
      const more = (): void => {
        if (response.destroyed) return;
        response.write('x'.repeat(65_536));
        setImmediate(more);
      };
      more();
    }));
    const other = senderOf({ kind: 'ecs', url: `http://127.0.0.1:${endless}` });
    expect(classes(await other.send(notices(1), signal))).toEqual(['taken']);
  });

  test('a record that is larger than a body may be is refused here, its neighbours are not', async () => {
    const port = await listen(createServer(listener));
    const large = alertNotice(anAlert({ reason: { en: 'x'.repeat(1_100_000), zh: '' } }));
    const sender = senderOf({ kind: 'ecs', url: `http://127.0.0.1:${port}` });
    expect(classes(await sender.send([...notices(1), large, ...notices(1)], signal)))
      .toEqual(['taken', 'permanent too-large', 'taken']);
  });
});

describe('TLS', () => {
  const secure = () => createSecureServer({
    ...tlsOf('server'),
    requestCert: true,
    rejectUnauthorized: true,
  }, listener);
  const file = (name: string): string => pemPath(name.replace('.pem', ''));

  test('with the CA and a client certificate it goes through, each missing one is a failure', async () => {
    const port = await listen(secure());
    const url = `https://localhost:${port}`;
    const all = { caFile: file('ca.pem'), certFile: file('client.pem'), keyFile: file('client-key.pem') };
    expect(classes(await senderOf({ kind: 'ecs', url, tls: all }).send(notices(1), signal)))
      .toEqual(['taken']);
    expect(classes(await senderOf({ kind: 'ecs', url, tls: { caFile: all.caFile } })
      .send(notices(1), signal))).toEqual([expect.stringMatching(/^transient (tls|connect)$/)]);
    const { certFile, keyFile } = all;
    expect(classes(await senderOf({ kind: 'ecs', url, tls: { certFile, keyFile } })
      .send(notices(1), signal))).toEqual(['transient tls']);
    expect(heard).toHaveLength(1);
  });

  test('a certificate of another name is refused', async () => {
    const port = await listen(secure());
    const tls = { caFile: file('ca.pem'), certFile: file('client.pem'), keyFile: file('client-key.pem'),
      serverName: 'siem.example' };
    expect(classes(await senderOf({ kind: 'ecs', url: `https://localhost:${port}`, tls })
      .send(notices(1), signal))).toEqual(['transient tls']);
  });
});
