import { describe, expect, test } from 'vitest';

import { createSiteRules } from './site-rules.ts';
import type { SiteRequest } from './site-rules.ts';

const build = (boundHost: string, hosts: readonly string[] = []) =>
  createSiteRules({ boundHost, hosts });

const local = build('127.0.0.1');
type Headers = Readonly<Record<string, string>>;
const get = (headers: Headers = {}, path = '/api/v1/alerts', search = ''): SiteRequest => {
  const sent = { host: '127.0.0.1:8470', ...headers };
  return { method: 'GET', path, search, headers: sent, rawHeaders: Object.entries(sent).flat() };
};
const post = (headers: Headers = {}): SiteRequest => ({
  ...get({ 'content-type': 'application/json', ...headers }, '/api/v1/responses'),
  method: 'POST',
});

describe('the host', () => {
  test.each(['evil.example', 'evil.example:8470', '127.0.0.1.evil.example', '', '[::2]:8470'])(
    'a name that resolves here but is not ours is refused: %j',
    (host) => {
      expect(local(get({ host }))).toMatchObject({ status: 421, reason: 'host' });
      expect(local(post({ host }))).toMatchObject({ reason: 'host' });
    },
  );

  test.each(['localhost', 'localhost:8470', '127.0.0.1', '[::1]:8470', 'LOCALHOST:1'])(
    '%j is ours',
    (host) => {
      expect(local(get({ host }))).toBeUndefined();
    },
  );

  test('is checked on another address where the operator named hosts; probes are never', () => {
    const named = build('0.0.0.0', ['lanner.bank.example']);
    expect(named(get({ host: 'lanner.bank.example' }))).toBeUndefined();
    expect(named(get({ host: 'other.example' }))).toMatchObject({ reason: 'host' });
    expect(build('0.0.0.0')(get({ host: 'collector.lanner.svc' }))).toBeUndefined();
    expect(named(get({ host: '10.0.0.7:8470' }, '/healthz'))).toBeUndefined();
    expect(named(get({ host: '10.0.0.7:8470' }, '/healthz/x'))).toMatchObject({ reason: 'host' });
  });

  test('of open metrics is any, because Prometheus names the pod’s address; not on loopback', () => {
    const host = '10.0.0.7:8470';
    const rules = (boundHost: string, metricsOpen: boolean) =>
      createSiteRules({ boundHost, hosts: ['lanner.bank.example'], metricsOpen });
    expect(rules('0.0.0.0', true)(get({ host }, '/metrics'))).toBeUndefined();
    expect(rules('0.0.0.0', true)(get({ host }, '/metrics/x'))).toMatchObject({ reason: 'host' });
    expect(rules('0.0.0.0', true)(get({ host }))).toMatchObject({ reason: 'host' });
    expect(rules('0.0.0.0', false)(get({ host }, '/metrics'))).toMatchObject({ reason: 'host' });
    expect(rules('127.0.0.1', true)(get({ host }, '/metrics'))).toMatchObject({ reason: 'host' });
    const visit = { host, 'sec-fetch-site': 'cross-site' };
    expect(rules('0.0.0.0', true)(get(visit, '/metrics'))).toMatchObject({ reason: 'cross-site' });
  });
});

describe('another site', () => {
  test('can neither read nor change, also when it is a sibling or another port', () => {
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'http://127.0.0.1:9999' },
      { origin: 'null' },
    ]) {
      expect(local(get(headers))).toMatchObject({ status: 403, reason: 'cross-site' });
      expect(local(post(headers))).toMatchObject({ reason: 'cross-site' });
    }
    const own = { origin: 'http://127.0.0.1:8470', 'sec-fetch-site': 'same-origin' };
    expect(local(post(own))).toBeUndefined();
    expect(local(get({ 'sec-fetch-site': 'none' }))).toBeUndefined();
  });

  test('may send people to a page, by a link, and to nothing else', () => {
    const visit = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document' };
    expect(local(get(visit, '/incidents/1'))).toBeUndefined();
    expect(local(get(visit, '/auth/callback'))).toBeUndefined();
    expect(local(get(visit, '/api/v1/alerts'))).toMatchObject({ reason: 'cross-site' });
    expect(local(get(visit, '/metrics'))).toMatchObject({ reason: 'cross-site' });
    expect(local(post(visit))).toMatchObject({ reason: 'cross-site' });
    const frame = { ...visit, 'sec-fetch-dest': 'iframe' };
    expect(local(get(frame, '/incidents/1'))).toMatchObject({ reason: 'cross-site' });
    const image = { ...visit, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    expect(local(get(image, '/auth/login'))).toMatchObject({ reason: 'cross-site' });
  });

  test.each([undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonx'])(
    'what a form could send is refused: %s',
    (type) => {
      const { 'content-type': _, ...headers } = post().headers;
      const sent = { ...headers, ...(type === undefined ? {} : { 'content-type': type }) };
      expect(local({ ...post(), headers: sent })).toMatchObject({ reason: 'content-type' });
    },
  );
});

describe('what two parsers could read differently', () => {
  test.each(['Authorization', 'host', 'ORIGIN', 'x-lanner-csrf', 'content-type'])(
    '%s twice is refused, whatever it says',
    (name) => {
      const request = get();
      const rawHeaders = [...request.rawHeaders, name, 'a', name, 'b'];
      expect(local({ ...request, rawHeaders })).toMatchObject({ reason: 'smuggled-header' });
    },
  );

  test('a header that may come twice may', () => {
    const request = get();
    const rawHeaders = [...request.rawHeaders, 'accept', 'a', 'accept', 'b'];
    expect(local({ ...request, rawHeaders })).toBeUndefined();
  });
});

describe('a credential in the address', () => {
  test.each(['token=x', 'access_token=x', 'a=1&TOKEN=x', 'q=ltk_0123456789abcdef_00', '%74oken=x'])(
    'is refused, so that nobody gets used to it: %s',
    (search) => {
      expect(local(get({}, '/api/v1/alerts', search))).toMatchObject({
        status: 400,
        reason: 'credential-in-url',
      });
    },
  );

  test('other queries pass', () => {
    expect(local(get({}, '/api/v1/alerts', 'q=token&limit=3&code=x&state=y'))).toBeUndefined();
  });
});
