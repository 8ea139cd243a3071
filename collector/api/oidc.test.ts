import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createHmac, createPublicKey } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { systemClock } from '../clock.ts';
import { Browser } from '../testing/browser.ts';
import type { Page } from '../testing/browser.ts';
import { AUDIENCE, CLIENT_ID, CLIENT_SECRET, TestProvider } from '../testing/oidc-provider.ts';
import { authorized } from '../testing/principals.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';

const TEST_MS = 60_000;
const REDIRECTS_MAX = 20;
const PENDING = 'lanner-oidc';

let folder: string;
let provider: TestProvider;
let collector: TestCollector;
let browser: Browser;
let laterMs = 0;

beforeEach(async () => {
  laterMs = 0;
  folder = mkdtempSync(join(tmpdir(), 'lanner-oidc-'));
  writeFileSync(join(folder, 'secret'), `${CLIENT_SECRET}\n`);
  writeFileSync(join(folder, 'policy.yaml'), 'fourEyes: [kill]');
  provider = new TestProvider();
  await provider.start();
  provider.accounts.set('u-1', { name: 'li.wei', groups: ['soc', 'all-staff'] });
  provider.accounts.set('u-2', { name: 'guest', groups: ['all-staff'] });
  collector = await startTestCollector({
    clock: { ...systemClock, now: () => systemClock.now() + laterMs },
    yaml: JSON.stringify({ policy: { file: join(folder, 'policy.yaml') }, api: { oidc: {
      issuer: provider.issuer,
      clientId: CLIENT_ID,
      clientSecretFile: join(folder, 'secret'),
      audience: AUDIENCE,
      grants: [
        { group: 'soc', role: 'responder', namespaces: ['shop'] },
        { group: 'soc', role: 'viewer' },
        { group: 'sre', role: 'analyst' },
        { group: 'duty', role: 'approver' },
      ],
    } } }),
  });
  await provider.register(`${collector.addresses.api}/auth/callback`);
  browser = new Browser(collector.addresses.api);
});

afterEach(async () => {
  await collector.stop();
  await provider.stop();
  rmSync(folder, { recursive: true });
});

const codeOf = ({ body }: Page): unknown => (body['error'] as { code?: unknown } | undefined)?.code;
const visit = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document' };

/** As a person does: through the provider's own pages, up to the way back, which is given back. */
async function walk(account: string, from = '/auth/login'): Promise<string> {
  let page = await browser.get(from);
  let at = new URL(from, collector.addresses.api);
  for (let step = 0; step < REDIRECTS_MAX; step += 1) {
    const { location } = page.headers;
    if (location !== undefined) {
      at = new URL(location, at);
      if (at.origin === collector.addresses.api) return at.href;
      page = await browser.get(at.href);
      continue;
    }
    const action = /action="([^"]+)"/.exec(page.text)?.[1];
    if (action === undefined) throw new Error(`${page.status} ${page.text.slice(0, 500)}`);
    const prompt = /name="prompt" value="(\w+)"/.exec(page.text)?.[1] ?? '';
    at = new URL(action, at);
    page = await browser.ask('POST', at.href, {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ prompt, login: account, password: 'x' }).toString(),
    });
  }
  throw new Error('the provider sends in circles');
}

async function signIn(account: string): Promise<Page> {
  return browser.get(await walk(account), { headers: visit });
}

describe('somebody who comes by the provider', () => {
  test('gets what the groups are worth, under the name that the provider says', async () => {
    const page = await signIn('u-1');
    expect(page).toMatchObject({ status: 303, headers: { location: '/' } });
    const { body } = await browser.get('/api/v1/session');
    expect(body).toMatchObject({
      principal: { name: 'li.wei', kind: 'person', grants: [
        { role: 'responder', namespaces: ['shop'] },
        { role: 'viewer', namespaces: 'all' },
      ] },
      signIn: { oidc: true, token: true },
    });
    // The way back is used up: nothing of it is kept in the browser.
    expect(browser.cookie(PENDING)).toBeUndefined();
    expect((await browser.get('/api/v1/tokens')).status).toBe(403);
    expect((await browser.get('/api/v1/alerts')).status).toBe(200);
  }, TEST_MS);

  test('and has no group that means something here is told so, and gets no session', async () => {
    const page = await signIn('u-2');
    expect(page.status).toBe(403);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.text).toContain('none of your groups has a role here');
    expect(page.text).not.toContain('guest');
    expect((await browser.get('/api/v1/session')).status).toBe(401);
  }, TEST_MS);

  test('keeps the first name, whatever the provider calls them later; nobody else gets it',
    async () => {
      await signIn('u-1');
      provider.accounts.set('u-1', { name: 'admin', groups: ['soc'] });
      provider.accounts.set('u-3', { name: 'Li.Wei', groups: ['soc'] });
      browser = new Browser(collector.addresses.api);
      await signIn('u-1');
      expect((await browser.get('/api/v1/session')).body).toMatchObject({
        principal: { name: 'li.wei' },
      });
      browser = new Browser(collector.addresses.api);
      const page = await signIn('u-3');
      expect(page.status).toBe(403);
      expect(page.text).toContain('somebody else has your name here');
    }, TEST_MS);
});

describe('a way back that was not begun here', () => {
  test('another state, no state, another browser: no session', async () => {
    const back = new URL(await walk('u-1'));
    const wrong = new URL(back);
    wrong.searchParams.set('state', 'x'.repeat(43));
    const none = new URL(back);
    none.searchParams.delete('state');
    for (const url of [wrong, none]) {
      const pending = browser.cookie(PENDING) ?? '';
      const page = await browser.get(url.href, { headers: visit });
      expect(page.status).toBe(400);
      expect((await browser.get('/api/v1/session')).status).toBe(401);
      browser.plant(PENDING, pending);
    }
    // The victim of a link: their browser holds no such beginning.
    const victim = new Browser(collector.addresses.api);
    expect((await victim.get(back.href, { headers: visit })).status).toBe(400);
    expect((await victim.get('/api/v1/session')).status).toBe(401);
    expect((await browser.get(back.href, { headers: visit })).status).toBe(303);
  }, TEST_MS);

  test('a code that was used is no good again, not even with its state', async () => {
    const back = await walk('u-1');
    const pending = browser.cookie(PENDING) ?? '';
    expect((await browser.get(back, { headers: visit })).status).toBe(303);
    const again = new Browser(collector.addresses.api);
    again.plant(PENDING, pending);
    expect((await again.get(back, { headers: visit })).status).toBe(400);
    expect((await again.get('/api/v1/session')).status).toBe(401);
  }, TEST_MS);

  test('an ID token for another sign-in, a code without its verifier: refused', async () => {
    for (const part of ['nonce', 'verifier']) {
      browser = new Browser(collector.addresses.api);
      const back = await walk('u-1');
      const pending = JSON.parse(
        Buffer.from(browser.cookie(PENDING) ?? '', 'base64url').toString(),
      ) as Record<string, string>;
      const other = { ...pending, [part]: 'y'.repeat(43) };
      browser.plant(PENDING, Buffer.from(JSON.stringify(other)).toString('base64url'));
      const page = await browser.get(back, { headers: visit });
      expect([part, page.status]).toEqual([part, 400]);
      expect((await browser.get('/api/v1/session')).status).toBe(401);
    }
  }, TEST_MS);

  test('what is no beginning at all, and what the provider refuses, crash nothing', async () => {
    for (const value of ['e30', 'bnVsbA', 'WzEsMl0', 'x'.repeat(2_000), '~']) {
      browser.plant(PENDING, value);
      expect((await browser.get('/auth/callback?code=x&state=y', { headers: visit })).status)
        .toBe(400);
    }
    browser = new Browser(collector.addresses.api);
    await browser.get('/auth/login');
    const { state } = JSON.parse(
      Buffer.from(browser.cookie(PENDING) ?? '', 'base64url').toString(),
    ) as { state: string };
    const denied = `/auth/callback?error=access_denied&state=${state}` +
      `&iss=${encodeURIComponent(provider.issuer)}&error_description=<script>`;
    const page = await browser.get(denied, { headers: visit });
    expect(page.status).toBe(403);
    expect(page.text).not.toContain('<script>');
    expect((await browser.get('/auth/callback?code=%00%ff', { headers: visit })).status).toBe(400);
  }, TEST_MS);
});

describe('a provider that is away', () => {
  test('is told clearly; sessions that are open stay open, and it is not asked without end',
    async () => {
      await signIn('u-1');
      laterMs += 3_700_000;
      provider.isAway = true;
      provider.requests = [];
      const stranger = new Browser(collector.addresses.api);
      const page = await stranger.get('/auth/login');
      expect(page.status).toBe(503);
      expect(page.text).toContain('the identity provider cannot be reached');
      for (let n = 0; n < 5; n += 1) await stranger.get('/auth/login');
      expect(provider.requests).toHaveLength(1);
      expect((await browser.get('/api/v1/alerts')).status).toBe(200);
      provider.isAway = false;
      laterMs += 60_000;
      expect((await stranger.get('/auth/login')).status).toBe(303);
    }, TEST_MS);

  test('between the two steps is no session and no crash', async () => {
    const back = await walk('u-1');
    provider.isAway = true;
    expect((await browser.get(back, { headers: visit })).status).toBe(503);
    expect((await browser.get('/healthz')).status).toBe(200);
  }, TEST_MS);
});

describe('a machine with a token of the provider', () => {
  const ask = (jwt: string): Promise<Page> => new Browser(collector.addresses.api)
    .get('/api/v1/session', { headers: { authorization: `Bearer ${jwt}` } });
  const bear = async (jwt: string): Promise<unknown> => {
    const page = await new Browser(collector.addresses.api)
      .get('/api/v1/alerts', { headers: { authorization: `Bearer ${jwt}` } });
    return page.status === 200 ? 'in' : codeOf(page);
  };

  test('is let in as a machine, for what its groups are worth', async () => {
    expect((await ask(await provider.sign({}))).body).toMatchObject({
      principal: { name: 'client:deployer', kind: 'machine',
        grants: [{ role: 'analyst', namespaces: 'all' }] },
      csrfToken: '',
    });
  }, TEST_MS);

  test('that has expired, is for somebody else, or by somebody else is refused', async () => {
    const nowS = Math.floor(Date.now() / 1_000);
    expect(await bear(await provider.sign({}, { issuedAt: nowS - 332 }))).toBe('jwt-expired');
    // 30 s of tolerance for clocks that differ.
    expect(await bear(await provider.sign({}, { issuedAt: nowS - 310 }))).toBe('in');
    expect(await bear(await provider.sign({ nbf: nowS + 120 }))).toBe('jwt-invalid');
    expect(await bear(await provider.sign({ aud: CLIENT_ID }))).toBe('jwt-invalid');
    expect(await bear(await provider.sign({ iss: 'https://evil.example' }))).toBe('jwt-invalid');
    expect(await bear(await provider.sign({ groups: ['all-staff'] }))).toBe('jwt-no-grant');
    expect(await bear(await provider.sign({ groups: { soc: true } }))).toBe('jwt-no-grant');
    expect(await bear(await provider.sign({ sub: '../admin' }))).toBe('jwt-invalid');
    const other = new TestProvider();
    await other.start();
    try {
      expect(await bear(await other.sign({ iss: provider.issuer }))).toBe('jwt-invalid');
    } finally {
      await other.stop();
    }
  }, TEST_MS);

  test('without a signature, or signed with the public key as a password, is refused', async () => {
    const good = await provider.sign({});
    const [, payload = ''] = good.split('.');
    const part = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const alg of ['none', 'None', 'NONE', '']) {
      expect(await bear(`${part({ alg })}.${payload}.`)).toBe('jwt-invalid');
    }
    const key = createPublicKey({ key: provider.publicJwk, format: 'jwk' });
    const secrets = [
      key.export({ type: 'spki', format: 'pem' }).toString(),
      key.export({ type: 'spki', format: 'der' }),
      provider.publicJwk.n ?? '',
    ];
    for (const secret of secrets) {
      const head = part({ alg: 'HS256', kid: provider.publicJwk.kid, typ: 'JWT' });
      const signature = createHmac('sha256', secret).update(`${head}.${payload}`)
        .digest('base64url');
      expect(await bear(`${head}.${payload}.${signature}`)).toBe('jwt-invalid');
    }
    const own = { alg: 'RS256', jwk: provider.publicJwk, jku: 'http://127.0.0.1:1/keys' };
    expect(await bear(`${part(own)}.${payload}.AAAA`)).toBe('jwt-invalid');
    expect(await bear(good)).toBe('in');
  }, TEST_MS);

  test('that names keys nobody has does not make us ask without end', async () => {
    const before = await provider.sign({});
    expect(await bear(before)).toBe('in');
    provider.requests = [];
    for (let n = 0; n < 5; n += 1) {
      const [, payload = '', signature = ''] = before.split('.');
      const head = Buffer.from(JSON.stringify({ alg: 'RS256', kid: `made-up-${n}` }))
        .toString('base64url');
      expect(await bear(`${head}.${payload}.${signature}`)).toBe('jwt-invalid');
    }
    expect(provider.requests.length).toBeLessThanOrEqual(1);
  }, TEST_MS);

  test('and who only later signs in has one pair of eyes all the same', async () => {
    provider.accounts.set('u-1', { name: 'li.wei', groups: ['duty'] });
    provider.accounts.set('u-4', { name: 'zhang.min', groups: ['duty'] });
    const jwt = await provider.sign({ sub: 'u-1', groups: ['duty'] });
    const proposed = await browser.ask('POST', '/api/v1/responses', {
      headers: { authorization: `Bearer ${jwt}`, 'content-type': 'application/json' },
      body: { action: 'kill', why: 'x', target: { namespace: 'shop', pod: 'p', podUid: 'u' } },
    });
    expect(proposed).toMatchObject({ status: 201, body: { proposedBy: 'client:u-1' } });
    const path = `/api/v1/responses/${String(proposed.body['id'])}/approve`;
    const approve = async (account: string): Promise<Page> => {
      browser = new Browser(collector.addresses.api);
      await signIn(account);
      browser.csrfToken = String((await browser.get('/api/v1/session')).body['csrfToken']);
      return browser.change('POST', path);
    };
    expect(codeOf(await approve('u-1'))).toBe('same-person');
    expect((await approve('u-4')).body).toMatchObject({ approvals: ['zhang.min'] });
  }, TEST_MS);

  test('of somebody who signs in here is that person, and not a second pair of eyes', async () => {
    await signIn('u-1');
    expect((await ask(await provider.sign({ sub: 'u-1' }))).body).toMatchObject({
      principal: { name: 'li.wei', kind: 'person' },
    });
    const page = await browser.get('/api/v1/audit', { headers: authorized(collector) });
    expect(page.text).not.toContain('eyJ');
  }, TEST_MS);
});
