import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, expect, test } from 'vitest';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

import { systemClock } from '../clock.ts';
import { BearerJwts } from './bearer-jwt.ts';
import { GroupGrants } from './group-grants.ts';
import { ProviderUnavailable } from './oidc-provider.ts';

/** The provider's keys change and go away. The whole of it is in api/oidc.test.ts. */
const ISSUER = 'https://id.bank.example';
const AUDIENCE = 'urn:lanner:api';
const COOL_DOWN_MS = 20;

let server: Server;
let answer: { status: number; keys: readonly object[] };
let asked = 0;
let laterMs = 0;
let isKnown = true;
let jwts: BearerJwts;

beforeEach(async () => {
  answer = { status: 200, keys: [] };
  asked = 0;
  laterMs = 0;
  isKnown = true;
  server = createServer((_, response) => {
    asked += 1;
    response.writeHead(answer.status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ keys: answer.keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  jwts = new BearerJwts({
    provider: {
      jwksUri: async () => {
        if (!isKnown) throw new ProviderUnavailable('away');
        return new URL(`http://127.0.0.1:${port}/keys`);
      },
    },
    issuer: ISSUER,
    audience: AUDIENCE,
    groupsClaim: 'groups',
    groups: new GroupGrants([{ group: 'sre', role: 'analyst', namespaces: [] }]),
    store: { knownSubject: () => Promise.resolve(undefined) },
    clock: { ...systemClock, now: () => Date.now() + laterMs },
    coolDownMs: COOL_DOWN_MS,
  });
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function aKey(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...await exportJWK(publicKey), kid, alg: 'ES256', use: 'sig' };
  const sign = (): Promise<string> => new SignJWT({ groups: 'sre' })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setIssuer(ISSUER).setAudience(AUDIENCE).setSubject('deployer').setExpirationTime('5m')
    .sign(privateKey);
  return { jwk, sign };
}

test('keys that were exchanged are read again, and then the old ones are no good', async () => {
  const [first, second] = [await aKey('k1'), await aKey('k2')];
  answer = { status: 200, keys: [first.jwk] };
  expect(await jwts.check(await first.sign())).toMatchObject({ ok: true });
  expect(await jwts.check(await first.sign())).toMatchObject({ ok: true });
  expect(asked).toBe(1);
  answer = { status: 200, keys: [second.jwk] };
  await new Promise((resolve) => setTimeout(resolve, COOL_DOWN_MS + 5));
  expect(await jwts.check(await second.sign())).toMatchObject({ ok: true,
    principal: { name: 'client:deployer', kind: 'machine' } });
  expect(asked).toBe(2);
  expect(await jwts.check(await first.sign())).toEqual({ ok: false, reason: 'jwt-invalid' });
});

test('while the keys cannot be read nobody is let in, and they are not asked for at each try',
  async () => {
    const key = await aKey('k1');
    answer = { status: 500, keys: [] };
    const away = { ok: false, reason: 'provider-unavailable' };
    for (let n = 0; n < 5; n += 1) expect(await jwts.check(await key.sign())).toEqual(away);
    expect(asked).toBe(1);
    laterMs += 4_000;
    answer = { status: 200, keys: [key.jwk] };
    expect(await jwts.check(await key.sign())).toMatchObject({ ok: true });
  });

test('a provider that does not say where its keys are is away, and no crash', async () => {
  isKnown = false;
  const key = await aKey('k1');
  expect(await jwts.check(await key.sign()))
    .toEqual({ ok: false, reason: 'provider-unavailable' });
});
