import { describe, expect, test } from 'vitest';

import { createGuard } from './guard.ts';
import type { GuardRequest } from './guard.ts';
import { TokenCheck, makeToken } from './token.ts';

const token = makeToken();
const build = (boundHost: string, hosts: readonly string[] = [], metricsOpen = false) =>
  createGuard({ boundHost, hosts, token: new TokenCheck(token), metricsOpen });

const local = build('127.0.0.1');
const remote = build('0.0.0.0');
const get = (headers: GuardRequest['headers'] = {}, path = '/api/v1/alerts'): GuardRequest => ({
  method: 'GET',
  path,
  headers: { host: '127.0.0.1:8470', ...headers },
});
const post = (headers: GuardRequest['headers'] = {}): GuardRequest => ({
  ...get({ 'content-type': 'application/json', ...headers }, '/api/v1/responses'),
  method: 'POST',
});
const authorization = `Bearer ${token}`;

describe('on loopback', () => {
  test('reading needs no token, changing does', () => {
    expect(local(get())).toBeUndefined();
    expect(local(post())).toMatchObject({ status: 401, reason: 'no-token' });
    expect(local(post({ authorization }))).toBeUndefined();
    expect(local(post({ authorization: 'Bearer x' }))).toMatchObject({ reason: 'wrong-token' });
    expect(local(post({ authorization: token }))).toMatchObject({ reason: 'wrong-token' });
  });

  test.each(['evil.example', 'evil.example:8470', '127.0.0.1.evil.example', '', '[::2]:8470'])(
    'a host name that resolves here but is not ours is refused: %j',
    (host) => {
      expect(local(get({ host }))).toMatchObject({ status: 421, reason: 'host' });
      expect(local(post({ host, authorization }))).toMatchObject({ reason: 'host' });
    },
  );

  test.each(['localhost', 'localhost:8470', '127.0.0.1', '[::1]:8470', 'LOCALHOST:1'])(
    '%j is ours',
    (host) => {
      expect(local(get({ host }))).toBeUndefined();
    },
  );

  test('a page of another site can neither read nor change, not even with the token', () => {
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'http://127.0.0.1:9999' },
      { origin: 'null' },
    ]) {
      expect(local(get(headers))).toMatchObject({ status: 403, reason: 'cross-site' });
      expect(local(post({ ...headers, authorization }))).toMatchObject({ reason: 'cross-site' });
    }
    const own = { origin: 'http://127.0.0.1:8470', 'sec-fetch-site': 'same-origin' };
    expect(local(post({ ...own, authorization }))).toBeUndefined();
    expect(local(get({ 'sec-fetch-site': 'none' }))).toBeUndefined();
  });

  test.each([undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonx'])(
    'what a form could send is refused: %s',
    (type) => {
      const request = post({ authorization });
      const headers = { ...request.headers };
      if (type === undefined) delete headers['content-type'];
      else headers['content-type'] = type;
      expect(local({ ...request, headers })).toMatchObject({ reason: 'content-type' });
    },
  );
});

describe('on another address', () => {
  test('everything but the probes needs the token', () => {
    expect(remote(get())).toMatchObject({ status: 401 });
    expect(remote(get({ authorization, host: 'collector.lanner.svc' }))).toBeUndefined();
    expect(remote(get({ host: '10.0.0.7:8470' }, '/healthz'))).toBeUndefined();
    expect(remote(get({}, '/readyz'))).toBeUndefined();
    expect(remote(get({}, '/metrics'))).toMatchObject({ status: 401 });
    expect(remote(get({}, '/healthz/x'))).toMatchObject({ status: 401 });
    const open = build('0.0.0.0', [], true);
    expect(open(get({}, '/metrics'))).toBeUndefined();
    expect(open({ ...post(), path: '/metrics' })).toMatchObject({ status: 401 });
  });

  test('host names are checked where the operator named them', () => {
    const named = build('0.0.0.0', ['lanner.bank.example']);
    expect(named(get({ authorization, host: 'lanner.bank.example' }))).toBeUndefined();
    expect(named(get({ authorization, host: 'other.example' }))).toMatchObject({ reason: 'host' });
  });
});
