import { connect } from 'node:net';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { systemClock } from '../clock.ts';
import { Browser } from '../testing/browser.ts';
import type { Page } from '../testing/browser.ts';
import { asSomebody, authorized } from '../testing/principals.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';

const HOUR_MS = 3_600_000;
const COOKIE = 'lanner-session';

let collector: TestCollector;
let browser: Browser;
let laterMs = 0;
const clock = { ...systemClock, now: () => systemClock.now() + laterMs };

beforeEach(async () => {
  laterMs = 0;
  collector = await startTestCollector({ clock });
  browser = new Browser(collector.addresses.api);
});

afterEach(() => collector.stop());

const signIn = (): Promise<Page> => browser.signIn({ token: collector.token });
const status = async (page: Promise<Page>): Promise<number> => (await page).status;
const codeOf = ({ body }: Page): unknown => (body['error'] as { code?: unknown } | undefined)?.code;
const audit = async (): Promise<readonly Record<string, unknown>[]> => {
  const page = await browser.get('/api/v1/audit?limit=500', { headers: authorized(collector) });
  return page.body['items'] as readonly Record<string, unknown>[];
};

describe('a session', () => {
  test('is opened by a token, in a cookie that no script and no other site can use', async () => {
    const anonymous = await browser.get('/api/v1/session');
    expect(anonymous).toMatchObject({ status: 401, body: {
      error: { code: 'no-token', signIn: { oidc: false, token: true } },
    } });
    const page = await signIn();
    expect(page).toMatchObject({ status: 201, body: {
      principal: { name: 'token:bootstrap', kind: 'machine',
        grants: [{ role: 'admin', namespaces: 'all' }] },
      signIn: { oidc: false, token: true },
    } });
    const [cookie = ''] = page.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(
      /^lanner-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/,
    );
    expect((await browser.get('/api/v1/alerts')).status).toBe(200);
    expect((await browser.get('/api/v1/session')).body).toMatchObject({
      csrfToken: browser.csrfToken,
    });
    // Neither the token nor the session is to be found in what is stored or told.
    expect(JSON.stringify(await audit())).not.toContain(browser.cookie(COOKIE));
  });

  test('changes something with its own CSRF token alone', async () => {
    await signIn();
    const other = new Browser(collector.addresses.api);
    await other.signIn({ token: collector.token });
    const pause = (over: Record<string, string>): Promise<Page> =>
      browser.change('POST', '/api/v1/response-control', { isPaused: true, why: 'x' }, over);
    expect(codeOf(await pause({ 'x-lanner-csrf': '' }))).toBe('csrf');
    expect(codeOf(await pause({ 'x-lanner-csrf': 'x'.repeat(43) }))).toBe('csrf');
    expect(codeOf(await pause({ 'x-lanner-csrf': other.csrfToken }))).toBe('csrf');
    expect(codeOf(await browser.ask('POST', '/api/v1/response-control', {
      body: { isPaused: true, why: 'x' },
      headers: { 'content-type': 'application/json' },
    }))).toBe('csrf');
    expect(await status(pause({ origin: 'http://127.0.0.1:1' }))).toBe(403);
    expect(await status(pause({ 'sec-fetch-site': 'same-site' }))).toBe(403);
    expect(await status(pause({ 'content-type': 'text/plain' }))).toBe(415);
    expect((await browser.get('/api/v1/response-control')).body).toMatchObject({ isPaused: false });
    expect(await audit()).toEqual(expect.arrayContaining([
      expect.objectContaining({ action: 'session.open', actor: 'token:bootstrap' }),
      expect.objectContaining({ action: 'access.refused', actor: 'token:bootstrap',
        detail: expect.objectContaining({ reason: 'csrf' }) as unknown }),
    ]));
    expect((await pause({})).body).toMatchObject({ isPaused: true, by: 'token:bootstrap' });
  });

  test('cannot be fixated: what the browser brought is not what it gets', async () => {
    const planted = 'A'.repeat(43);
    browser.plant(COOKIE, planted);
    expect(codeOf(await browser.get('/api/v1/session'))).toBe('no-session');
    await signIn();
    const first = browser.cookie(COOKIE) ?? '';
    expect(first).not.toBe(planted);
    await signIn();
    expect(browser.cookie(COOKIE)).not.toBe(first);
    // The one before it is over, and the planted one never was.
    for (const value of [first, planted]) {
      const thief = new Browser(collector.addresses.api);
      thief.plant(COOKIE, value);
      expect(codeOf(await thief.get('/api/v1/alerts'))).toBe('no-session');
    }
  });

  test('two cookies of its name, as a sibling could add one, are no session', async () => {
    await signIn();
    const cookie = `${COOKIE}=${'B'.repeat(43)}; ${COOKIE}=${browser.cookie(COOKIE)}`;
    expect(codeOf(await browser.get('/api/v1/alerts', { headers: { cookie } })))
      .toBe('ambiguous-credential');
    const parts = [`${COOKIE}=${browser.cookie(COOKIE)}`, `${COOKIE}=${'B'.repeat(43)}`];
    expect(codeOf(await browser.get('/api/v1/alerts', { headers: { cookie: parts } })))
      .toBe('ambiguous-credential');
  });

  test('ends by signing out, by its age, and by standing still', async () => {
    await signIn();
    expect(await status(browser.change('DELETE', '/api/v1/session'))).toBe(204);
    expect(browser.cookie(COOKIE)).toBeUndefined();

    await signIn();
    laterMs += 7 * HOUR_MS;
    expect(await status(browser.get('/api/v1/alerts'))).toBe(200);
    await vi.waitFor(async () => {
      laterMs += 2_000;
      expect(await status(browser.get('/api/v1/alerts'))).toBe(200);
    });
    laterMs += 4 * HOUR_MS;
    expect(await status(browser.get('/api/v1/alerts'))).toBe(200);
    laterMs += 2 * HOUR_MS;
    expect(codeOf(await browser.get('/api/v1/alerts'))).toBe('no-session');

    await signIn();
    laterMs += 8 * HOUR_MS + 1_000;
    expect(codeOf(await browser.get('/api/v1/alerts'))).toBe('no-session');
  });

  test('ends with the token it was opened with', async () => {
    const ann = await asSomebody(collector, 'ann', 'viewer');
    await browser.signIn({ token: (ann['authorization'] ?? '').slice('Bearer '.length) });
    expect(await status(browser.get('/api/v1/alerts'))).toBe(200);
    const admin = new Browser(collector.addresses.api);
    await admin.signIn({ token: collector.token });
    const { items } = (await admin.get('/api/v1/tokens')).body as
      { items: readonly { id: string; name: string }[] };
    const id = items.find(({ name }) => name === 'ann')?.id ?? '';
    expect(await status(admin.change('DELETE', `/api/v1/tokens/${id}`))).toBe(204);
    laterMs += 1_500;
    expect(await status(browser.get('/api/v1/alerts'))).toBe(401);
    expect(codeOf(await browser.get('/api/v1/alerts', { headers: ann }))).toBe('token-revoked');
    expect(await status(admin.change('DELETE', `/api/v1/tokens/${id}`))).toBe(404);
  });
});

describe('a one-time code', () => {
  const codeIn = (link: string): string => /#code=([\w-]+)$/.exec(link)?.[1] ?? '';

  test('signs in once, within five minutes', async () => {
    const link = await collector.signInLink();
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/sign-in#code=[\w-]{27}$/);
    expect(await browser.signIn({ code: codeIn(link) })).toMatchObject({ status: 201 });
    expect(codeOf(await browser.signIn({ code: codeIn(link) }))).toBe('wrong-code');
    const late = await collector.signInLink();
    laterMs += 5 * 60_000;
    expect(codeOf(await browser.signIn({ code: codeIn(late) }))).toBe('wrong-code');
  });

  test('of two that come with it at once, one gets in', async () => {
    const code = codeIn(await collector.signInLink());
    const pages = await Promise.all(Array.from({ length: 8 }, () =>
      new Browser(collector.addresses.api).signIn({ code })));
    expect(pages.filter((page) => page.status === 201)).toHaveLength(1);
    expect(pages.filter((page) => page.status === 401)).toHaveLength(7);
  });

  test('is given to the holder of a token, and stands for no more than that', async () => {
    const ann = await asSomebody(collector, 'ann', 'viewer', ['shop']);
    const made = await browser.ask('POST', '/api/v1/sign-in-codes', {
      body: {},
      headers: { ...ann, 'content-type': 'application/json' },
    });
    expect(made.status).toBe(201);
    const page = await browser.signIn({ code: String(made.body['code']) });
    expect(page.body).toMatchObject({ principal: { name: 'token:ann',
      grants: [{ role: 'viewer', namespaces: ['shop'] }] } });
    // A session must not make itself longer than it is.
    expect(codeOf(await browser.change('POST', '/api/v1/sign-in-codes'))).toBe('credential-kind');
  });
});

describe('a token', () => {
  const admin = (method: string, path: string, body?: unknown): Promise<Page> =>
    browser.ask(method, path, {
      headers: { ...authorized(collector), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
    });
  const everywhere = [{ role: 'viewer', namespaces: 'all' }];

  test('is shown once, is listed without its secret, and expires after 90 days', async () => {
    const made = await admin('POST', '/api/v1/tokens', { name: 'ci', grants: everywhere });
    const text = String(made.body['text']);
    expect(text).toMatch(/^ltk_[0-9a-f]{16}_[0-9a-f]{64}$/);
    const ci = { headers: { authorization: `Bearer ${text}` } };
    expect(await status(browser.get('/api/v1/alerts', ci))).toBe(200);
    const listed = await admin('GET', '/api/v1/tokens');
    expect(listed.text).not.toContain(text.slice(21));
    await vi.waitFor(async () => expect((await admin('GET', '/api/v1/tokens')).body).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({
        name: 'ci',
        state: 'live',
        createdBy: 'token:bootstrap',
        lastUsedTime: expect.any(String) as string,
      })]) as unknown,
    }));
    expect(JSON.stringify(await audit())).not.toContain(text.slice(21));
    laterMs += 90 * 24 * HOUR_MS;
    expect(codeOf(await browser.get('/api/v1/alerts', ci))).toBe('token-expired');
    const again = await admin('POST', '/api/v1/tokens', { name: 'ci', grants: everywhere });
    expect(again.status).toBe(201);
  });

  test('never expires only when that is asked for; a name is free when its token has ended',
    async () => {
      const never = await admin('POST', '/api/v1/tokens',
        { name: 'prometheus', grants: everywhere, expiresDays: null });
      expect(never.body).toMatchObject({ token: { expiresTime: null } });
      const body = { name: 'prometheus', grants: everywhere };
      expect(codeOf(await admin('POST', '/api/v1/tokens', body))).toBe('name-taken');
      expect(codeOf(await admin('POST', '/api/v1/tokens', { ...body, name: 'bootstrap' })))
        .toBe('name-taken');
      const { id } = never.body['token'] as { id: string };
      expect(await status(admin('DELETE', `/api/v1/tokens/${id}`, {}))).toBe(204);
      expect(await status(admin('POST', '/api/v1/tokens', body))).toBe(201);
    });

  test('a namespace called all is a namespace, and not all of them', async () => {
    const made = await admin('POST', '/api/v1/tokens',
      { name: 'odd', grants: [{ role: 'admin', namespaces: ['all'] }] });
    expect(made.body).toMatchObject({ token: { grants: [{ namespaces: ['all'] }] } });
    const odd = { headers: { authorization: `Bearer ${String(made.body['text'])}` } };
    expect(await status(browser.get('/api/v1/tokens', odd))).toBe(403);
    for (const grants of [[], [{ role: 'root', namespaces: 'all' }],
      [{ role: 'viewer', namespaces: [] }], [{ role: 'viewer', namespaces: '*' }],
      [{ role: 'viewer', namespaces: ['Shop'] }]]) {
      expect(codeOf(await admin('POST', '/api/v1/tokens', { name: 'x', grants })))
        .toBe('invalid-request');
    }
  });

  test('in the address, with another scheme, or of another form is refused', async () => {
    const { token } = collector;
    for (const query of [`token=${token}`, `access_token=x`, `q=${token}`]) {
      expect(codeOf(await browser.get(`/api/v1/alerts?${query}`))).toBe('credential-in-url');
    }
    for (const authorization of [token, `Basic ${token}`, `Bearer ${token}x`, 'Bearer',
      `Bearer ${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`, `Bearer ${token} ${token}`,
      `Bearer ltk_0123456789abcdef_${'0'.repeat(64)}`]) {
      expect(codeOf(await browser.get('/api/v1/alerts', { headers: { authorization } })))
        .toBe('wrong-token');
    }
  });

  test('a header wins over a cookie, also when it is wrong', async () => {
    await signIn();
    expect(codeOf(await browser.get('/api/v1/alerts', {
      headers: { authorization: 'Bearer x' },
    }))).toBe('wrong-token');
  });
});

describe('a flood', () => {
  test('of wrong sign-ins is slowed down, and people who are in stay in', async () => {
    await signIn();
    const stranger = new Browser(collector.addresses.api);
    const codes = new Set<unknown>();
    for (let n = 0; n < 12; n += 1) codes.add(codeOf(await stranger.signIn({ token: 'nonsense' })));
    expect([...codes]).toEqual(['wrong-token', 'slow-down']);
    expect(codeOf(await stranger.signIn({ token: collector.token }))).toBe('slow-down');
    expect(await status(browser.get('/api/v1/alerts'))).toBe(200);
    laterMs += 60_000;
    expect(await status(stranger.signIn({ token: collector.token }))).toBe(201);
  });

  test('of wrong tokens reaches neither the store nor those who are known from that address',
    async () => {
      const codes = new Map<unknown, number>();
      for (let n = 0; n < 60; n += 1) {
        const token = `ltk_${String(n).padStart(16, '0')}_${'0'.repeat(64)}`;
        const headers = { authorization: `Bearer ${token}` };
        const code = codeOf(await browser.get('/api/v1/alerts', { headers }));
        codes.set(code, (codes.get(code) ?? 0) + 1);
        if (n === 0) {
          expect(await status(browser.get('/api/v1/alerts', { headers: authorized(collector) })))
            .toBe(200);
        }
      }
      expect(codes.get('slow-down')).toBeGreaterThan(10);
      expect(await status(browser.get('/api/v1/alerts', { headers: authorized(collector) })))
        .toBe(200);
    });

  test('of strangers leaves a handful of records in the audit, with how many there were',
    async () => {
      const before = (await audit()).length;
      for (let n = 0; n < 200; n += 1) {
        expect(await status(browser.get(`/api/v1/alerts/${n}`))).toBe(401);
      }
      const rows = (await audit()).slice(0, -before);
      expect(rows.filter(({ action }) => action === 'access.refused')).toMatchObject([
        { actor: 'anonymous', subject: 'GET /api/v1/alerts/0',
          detail: { reason: 'no-token', count: 1, address: '127.0.0.1' } },
      ]);
      const page = await browser.get('/metrics', { headers: authorized(collector) });
      expect(page.text).toContain('lanner_collector_api_refused_total{reason="no-token"} 200');
    });
});

describe('a request that two parsers could read differently', () => {
  const raw = (text: string): Promise<string> => new Promise((resolve, reject) => {
    const { port } = new URL(collector.addresses.api);
    let answer = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.end(text));
    socket.on('data', (bytes) => {
      answer += bytes.toString();
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
  const line = 'GET /api/v1/alerts HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n';

  test('has no effect, whichever of them is right', async () => {
    const good = `authorization: Bearer ${collector.token}\r\n`;
    expect(await raw(`${line}${good}\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
    for (const extra of [
      `${good}authorization: Bearer x\r\n`,
      `authorization: Bearer x\r\n${good}`,
      `${good}host: evil.example\r\n`,
      `${good}content-length: 0\r\ncontent-length: 5\r\n`,
      `${good}content-length: 5\r\ntransfer-encoding: chunked\r\n`,
      `${good}x: y\r\n folded: z\r\n`,
      `authorization : Bearer ${collector.token}\r\n`,
    ]) {
      expect(await raw(`${line}${extra}\r\n`)).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
  });

  test('says nothing by headers that a proxy would have set', async () => {
    const anonymous = await browser.get('/api/v1/alerts', { headers: {
      'x-forwarded-for': '10.0.0.1', 'x-forwarded-user': 'admin', 'x-remote-user': 'admin',
      'x-original-url': '/healthz', 'x-http-method-override': 'GET', forwarded: 'for=10.0.0.1',
    } });
    expect(anonymous.status).toBe(401);
    expect((await audit()).find(({ action }) => action === 'access.refused')).toMatchObject({
      detail: { address: '127.0.0.1' },
    });
  });
});

test('every answer forbids scripts of others, frames and guessing of types', async () => {
  for (const path of ['/', '/healthz', '/api/v1/alerts', '/nowhere', '/api/v1/nowhere']) {
    expect((await browser.get(path)).headers).toMatchObject({
      'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; ` +
        `img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; ` +
        `frame-ancestors 'none'; base-uri 'none'`,
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
    });
  }
});

test('over TLS cookies are of this host alone, and plaintext is forbidden for a year', async () => {
  const tls = join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'tls');
  const secure = await startTestCollector({ yaml: JSON.stringify({ api: { tls: {
    certFile: join(tls, 'server.pem'),
    keyFile: join(tls, 'server-key.pem'),
  } } }) });
  try {
    const { token, addresses: { api } } = secure;
    const there = new Browser(api);
    const page = await there.signIn({ token });
    expect(page.headers['strict-transport-security']).toBe('max-age=31536000');
    expect(page.headers['set-cookie']?.[0]).toMatch(/^__Host-lanner=[^;]+; .*; Secure$/);
    expect(await status(there.get('/api/v1/alerts'))).toBe(200);
    // As a page in plaintext could have planted it.
    const plain = new Browser(api);
    plain.plant('lanner-session', there.cookie('__Host-lanner') ?? '');
    expect(codeOf(await plain.get('/api/v1/alerts'))).toBe('no-token');
  } finally {
    await secure.stop();
  }
});

test('metrics need a credential, unless they are open', async () => {
  expect(await status(browser.get('/metrics'))).toBe(401);
  const scoped = await asSomebody(collector, 'shop', 'viewer', ['shop']);
  expect(await status(browser.get('/metrics', { headers: scoped }))).toBe(200);
  const open = await startTestCollector({ yaml: 'api: { metricsOpen: true }' });
  try {
    expect(await status(new Browser(open.addresses.api).get('/metrics'))).toBe(200);
    expect(await status(new Browser(open.addresses.api).get('/api/v1/alerts'))).toBe(401);
  } finally {
    await open.stop();
  }
});
