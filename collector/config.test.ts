import { describe, expect, test } from 'vitest';

import { formatConfigErrors } from '../config/load.ts';
import { loadCollectorConfig } from './config.ts';

const load = (yaml: string, env: Record<string, string> = {}) =>
  loadCollectorConfig({ file: 'collector.yaml', env, readFile: () => yaml });

test.each([
  ['link: { address: nowhere }', 'link.address: is "nowhere"; expected host:port'],
  ['api: { address: "127.0.0.1:99999" }', 'api.address: is "127.0.0.1:99999"'],
  ['link: { address: "0.0.0.0:8471" }', 'link.address: is "0.0.0.0:8471" without TLS'],
  ['api: { address: "[::]:8470" }', 'or api.insecure: true'],
  ['link: { tls: { certFile: /a } }', 'link.tls: is incomplete'],
  ['api: { tls: { keyFile: /a } }', 'api.tls: is incomplete'],
  ['link: { tls: { caFile: /a } }', 'link.tls.caFile: stands alone'],
  ['link: { identity: certificate }', 'link.identity: is certificate; expected link.tls.certFile'],
  ['link: { identity: token }', 'link.identity: is token; expected link.tls.certFile'],
  [
    'link: { identity: token, tls: { certFile: /a, keyFile: /b } }\nkube: { mode: off }',
    'kube.mode is off',
  ],
  [
    'link: { address: "0.0.0.0:8471", tls: { certFile: /a, keyFile: /b } }',
    'link.identity: is auto, so that any peer may speak for any node; expected certificate or',
  ],
  [
    'link: { address: "0.0.0.0:1", identity: none, tls: {certFile: /a, keyFile: /b, caFile: /c} }',
    'link.identity: is none, so that',
  ],
  ['link: { trustDomain: "a/b" }', 'link.trustDomain: is "a/b"'],
  ['link: { token: { serviceAccount: agent } }', 'link.token.serviceAccount: is "agent"'],
  ['kube: { mode: kubeconfig }', 'kube.kubeconfig: missing'],
  ['log: { level: loud }', 'log.level: is "loud"; expected one of'],
])('%s stops the start with key and expectation', (yaml, complaint) => {
  const loaded = load(yaml);
  if (loaded.ok) throw new Error('there was nothing to complain about');
  expect(formatConfigErrors(loaded.errors)).toMatch(/^collector\.yaml: /);
  expect(formatConfigErrors(loaded.errors)).toContain(complaint);
});

test.each([
  '',
  'link: { address: "unix:/run/lanner/link.sock" }',
  'link: { address: "0.0.0.0:8471", insecure: true }',
  'api: { address: "0.0.0.0:8470", tls: { certFile: /a, keyFile: /b } }',
])('%j is a configuration', (yaml) => {
  expect(load(yaml).ok).toBe(true);
});

test('all that is wrong is said at once', () => {
  const loaded = load('link: { address: a }\napi: { address: b }');
  expect(loaded.ok ? [] : loaded.errors.map(({ key }) => key))
    .toEqual(['link.address', 'api.address']);
});

describe('signing in by a provider', () => {
  const keysOf = (api: object): readonly string[] => {
    const loaded = loadCollectorConfig({
      file: 'collector.yaml',
      env: {},
      readFile: () => JSON.stringify({ api }),
    });
    return loaded.ok ? [] : loaded.errors.map(({ key }) => key);
  };
  const oidc = { issuer: 'https://id.bank.example', clientId: 'lanner' };
  const grants = [{ group: 'soc', role: 'responder', namespaces: ['shop'] }];

  test('takes a provider over TLS, with its own audience for machines', () => {
    expect(keysOf({ oidc: { ...oidc, grants, audience: 'urn:lanner' } })).toEqual([]);
    expect(keysOf({ oidc: { ...oidc, issuer: 'http://127.0.0.1:9' } })).toEqual([]);
  });

  test('refuses what would let strangers in, or people nowhere', () => {
    expect(keysOf({ oidc: { ...oidc, issuer: 'http://id.bank.example' } }))
      .toEqual(['api.oidc.issuer']);
    expect(keysOf({ oidc: { ...oidc, clientId: '' } })).toEqual(['api.oidc.clientId']);
    expect(keysOf({ oidc: { ...oidc, audience: 'lanner' } })).toEqual(['api.oidc.audience']);
    expect(keysOf({ address: '0.0.0.0:1', insecure: true, oidc })).toEqual(['api.publicUrl']);
    expect(keysOf({ oidc: { ...oidc, grants: [{ group: 'x', role: 'root' }] } })).toHaveLength(1);
    expect(keysOf({ publicUrl: 'https://lanner.bank.example/path' })).toEqual(['api.publicUrl']);
  });
});
