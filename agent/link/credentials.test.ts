import { readFileSync } from 'node:fs';

import { ServerCredentials } from '@grpc/grpc-js';
import { afterEach, expect, test, vi } from 'vitest';

import { readCredentials } from './credentials.ts';
import type { CredentialFiles } from './credentials.ts';
import { dial } from './dial.ts';
import type { Call } from './dial.ts';
import { TestCollector } from './test-collector.ts';

const pki = (name: string): string =>
  new URL(`../../collector/testing/pki/${name}`, import.meta.url).pathname;
const tls = { ca: pki('ca.pem'), cert: '', key: '' };
const TOKEN = 'eyJhbGciOiJub25lIn0.eyJleHAiOjF9.c2lnbmF0dXJl';

const collector = new TestCollector();
const calls: Call[] = [];

afterEach(() => {
  for (const call of calls.splice(0)) call.close();
  collector.kill();
});

function filesWith(token: () => string): CredentialFiles {
  return {
    address: `localhost:${collector.port}`,
    tls,
    tokenFile: '/token',
    readFile: (path) => (path === '/token' ? Buffer.from(token()) : readFileSync(path)),
  };
}

test('the token is read for each connection, and goes with it', async () => {
  await collector.listen(0, ServerCredentials.createSsl(null, [{
    cert_chain: readFileSync(pki('server.pem')),
    private_key: readFileSync(pki('server.key')),
  }]));
  let token = TOKEN;
  const files = filesWith(() => `${token}\n`);
  const connect = async (count: number): Promise<unknown> => {
    calls.push(dial(files.address, readCredentials(files), {
      onBytes: () => undefined,
      onDrain: () => undefined,
      onEnd: () => undefined,
    }));
    await vi.waitUntil(() => collector.streams.length === count, { timeout: 20_000 });
    return collector.latest.metadata.get('authorization');
  };
  expect(await connect(1)).toEqual([`Bearer ${TOKEN}`]);
  token = `${TOKEN}Mg`;
  expect(await connect(2)).toEqual([`Bearer ${TOKEN}Mg`]);
});

test('a token does not go over plaintext', () => {
  const files = { ...filesWith(() => TOKEN), tls: null };
  expect(() => readCredentials(files)).toThrow('not sent in plaintext');
});

test.each([
  ['nothing', ''],
  ['a private key', '-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n'],
  ['two tokens', `${TOKEN}\n${TOKEN}`],
  ['a header of its own', `${TOKEN}\r\nx: y`],
  ['far too much', `${TOKEN}${'x'.repeat(10_000)}`],
])('a token file with %s is not sent', (_, text) => {
  expect(() => readCredentials(filesWith(() => text))).toThrow('link.tokenFile holds no token');
});
