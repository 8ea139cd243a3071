import { expect, test } from 'vitest';
import { formatConfigErrors } from '../config/load.ts';
import { linkTlsOf, loadAgentConfig, sourceOf } from './config.ts';
import type { AgentConfig } from './config.ts';
import { hostPortOf } from './open-source.ts';

function load(yaml: string, env: Record<string, string> = {}) {
  return loadAgentConfig({ file: 'agent.yaml', env, readFile: () => yaml });
}

function loaded(yaml: string, env: Record<string, string> = {}): AgentConfig {
  const result = load(yaml, env);
  if (!result.ok) throw new Error(formatConfigErrors(result.errors));
  return result.config;
}

function complaint(yaml: string, env: Record<string, string> = {}): string {
  const result = load(yaml, env);
  if (result.ok) throw new Error('there was nothing to complain about');
  return formatConfigErrors(result.errors);
}

test('no file at all gives a gRPC agent that links to this machine', () => {
  const config = loaded('');
  expect(sourceOf(config)).toEqual({ kind: 'grpc', address: 'unix:///run/falco/falco.sock' });
  expect(linkTlsOf(config)).toBeNull();
  expect(config.http.listen).toBe('127.0.0.1:9471');
});

test('each kind of source gets its own settings and no other', () => {
  expect(sourceOf(loaded('source: {kind: http, listen: "[::]:2801", urlPath: /falco}'))).toEqual({
    kind: 'http', listen: '[::]:2801', urlPath: '/falco',
  });
  expect(sourceOf(loaded('source: {kind: replay, path: /r, speed: 0}'))).toEqual({
    kind: 'replay', path: '/r', speed: Infinity,
  });
  expect(sourceOf(loaded(
    'source: {address: "f:5060", tls: {caFile: a, certFile: b, keyFile: c}}',
  ))).toEqual({
    kind: 'grpc', address: 'f:5060', tls: { ca: 'a', cert: 'b', key: 'c' },
  });
});

test('the environment wins over the file', () => {
  const config = loaded('node: a', {
    LANNER_AGENT_NODE: 'b',
    LANNER_AGENT_REDACT_FLAGS: '["--pin", "-Z"]',
  });
  expect(config.node).toBe('b');
  expect(config.redact.flags).toEqual(['--pin', '-Z']);
  expect(loaded('', { LANNER_AGENT_REDACT_FLAGS: '--pin, -Z' }).redact.flags)
    .toEqual(['--pin', '-Z']);
});

test.each([
  ['sorce: {kind: grpc}', 'agent.yaml: sorce: unknown key', 'did you mean "source"?'],
  ['source: {kind: udp}', 'agent.yaml: source.kind: is "udp"', 'one of "grpc", "http", "replay"'],
  ['source: {kind: replay}', 'agent.yaml: source.path: missing', 'a recording'],
  ['source: {tls: {caFile: x}}', 'agent.yaml: source.tls: is incomplete', 'keyFile together'],
  ['source: {address: nowhere}', 'agent.yaml: source.address:', 'unix:///path'],
  ['source: {address: "f:5060"}', 'is mutual TLS', 'host:port with TLS'],
  ['source: {kind: http, listen: "[::]:99999"}', 'agent.yaml: source.listen: is', 'host:port'],
  ['link: {address: collector}', 'agent.yaml: link.address: is "collector"', 'host:port'],
  ['outbox: {bytesMax: 5}', 'agent.yaml: outbox.bytesMax: is 5', 'integer ≥ 16777216'],
  ['link: {tls: {certFile: x}}', 'link.tls.certFile: has no partner', 'keyFile together'],
  ['link: {tokenFile: /t}', 'link.tokenFile: would travel readable', 'link.tls.caFile'],
  ['http: {listen: nowhere}', 'agent.yaml: http.listen: is "nowhere"', 'host:port'],
  ['http: {listen: "127.0.0.1:99999"}', 'agent.yaml: http.listen: is', 'host:port'],
])('%s stops the start with key and expectation', (yaml, where, expected) => {
  expect(complaint(yaml)).toContain(where);
  expect(complaint(yaml)).toContain(expected);
});

test('plaintext to another machine needs a decision', () => {
  expect(complaint('link: {address: "collector:8471"}')).toContain('link.insecure: true');
  expect(loaded('link: {address: "collector:8471", insecure: true}').link.insecure).toBe(true);
  expect(linkTlsOf(loaded('link: {address: "collector:8471", tls: {caFile: /ca.pem}}')))
    .toEqual({ ca: '/ca.pem', cert: '', key: '' });
});

test('an address is split at its last colon', () => {
  expect(hostPortOf('[::1]:9471')).toEqual({ host: '::1', port: 9_471 });
  expect(hostPortOf('0.0.0.0:80')).toEqual({ host: '0.0.0.0', port: 80 });
});
