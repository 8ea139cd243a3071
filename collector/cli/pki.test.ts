import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { readCredentials } from '../../agent/link/credentials.ts';
import { dial } from '../../agent/link/dial.ts';
import type { Call } from '../../agent/link/dial.ts';
import { decodeCollectorFrame } from '../../proto/lanner/v1/decode-frame.ts';
import { encodeAgentFrame } from '../../proto/lanner/v1/encode-frame.ts';
import { LINK_PROTOCOL } from '../../proto/lanner/v1/frames.ts';
import { startTestCollector } from '../testing/start.ts';
import { BACKDATED_MS } from './pki-certificates.ts';
import { runLannerctl } from './run.ts';

const DAY_MS = 86_400_000;
let dir: string;

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'lanner-pki-')), 'pki');
});

afterEach(() => rmSync(join(dir, '..'), { recursive: true }));

async function pki(line: string) {
  const out: string[] = [];
  const err: string[] = [];
  const exit = await runLannerctl([...line.split(' '), '--dir', dir], {
    write: (text) => out.push(text),
    writeError: (text) => err.push(text),
    env: {},
    isTerminal: false,
    columns: undefined,
    signal: new AbortController().signal,
  });
  return { exit, out: out.join(''), err: err.join('') };
}

const certificate = (name: string): X509Certificate =>
  new X509Certificate(readFileSync(join(dir, name)));

describe('lannerctl pki', () => {
  test('makes an authority that signs certificates and nothing else', async () => {
    const made = await pki('pki init --trust-domain bank.example --days 100');
    expect(made).toMatchObject({ exit: 0, err: '' });
    expect(made.out).toContain('lannerctl pki issue agent');
    const ca = certificate('ca.pem');
    expect(ca.ca).toBe(true);
    expect(ca.subjectAltName).toBe('URI:spiffe://bank.example');
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(ca.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
    const lifeMs = ca.validToDate.getTime() - ca.validFromDate.getTime();
    expect(Math.abs(lifeMs - 100 * DAY_MS - BACKDATED_MS)).toBeLessThan(2_000);
    expect(statSync(join(dir, 'ca.key')).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  test('makes a certificate for each node, named by its SPIFFE ID', async () => {
    await pki('pki init');
    const made = await pki('--json pki issue agent node-1 node-2.example --days 30');
    expect(made.exit).toBe(0);
    const told = made.out.trim().split('\n').map((line) => JSON.parse(line) as object);
    expect(told).toMatchObject([
      { kind: 'agent', name: 'node-1', certificate: join(dir, 'agents/node-1.pem') },
      { kind: 'agent', name: 'node-2.example', key: join(dir, 'agents/node-2.example.key') },
    ]);
    const ca = certificate('ca.pem');
    const one = certificate('agents/node-1.pem');
    const two = certificate('agents/node-2.example.pem');
    expect(one.subjectAltName).toBe('URI:spiffe://lanner.local/lanner/agent/node-1');
    expect(one.checkIssued(ca) && one.verify(ca.publicKey)).toBe(true);
    expect(one.ca).toBe(false);
    // For clients alone.
    expect(one.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(one.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(one.serialNumber).not.toBe(two.serialNumber);
    expect(statSync(join(dir, 'agents/node-1.key')).mode & 0o777).toBe(0o600);
  });

  test('makes nothing that outlives its authority', async () => {
    await pki('pki init --days 10');
    await pki('pki issue collector --dns localhost --days 1000');
    expect(certificate('collector.pem').validTo).toBe(certificate('ca.pem').validTo);
  });

  test('replaces nothing unless it is told to', async () => {
    await pki('pki init');
    await pki('pki issue agent node-1');
    const before = readFileSync(join(dir, 'agents/node-1.pem'));
    expect(await pki('pki issue agent node-2 node-1')).toMatchObject({
      exit: 6,
      err: expect.stringContaining('--force') as string,
    });
    // All or nothing: the new one is not made either.
    expect(existsSync(join(dir, 'agents/node-2.pem'))).toBe(false);
    expect(await pki('pki init')).toMatchObject({ exit: 6 });
    expect(readFileSync(join(dir, 'agents/node-1.pem'))).toEqual(before);
    expect(await pki('pki issue agent node-1 --force')).toMatchObject({ exit: 0 });
    expect(readFileSync(join(dir, 'agents/node-1.pem'))).not.toEqual(before);
  });

  test.each([
    ['pki issue agent a/../../b', 'SPIFFE'],
    ['pki issue agent ..', 'SPIFFE'],
    ['pki issue agent a%2Fb', 'SPIFFE'],
    ['pki issue agent', 'missing required argument'],
    ['pki issue collector', '--dns or --ip'],
    ['pki issue collector --dns -x-', 'host name'],
    ['pki issue collector --dns 10.0.0.1', 'host name'],
    ['pki issue collector --ip example', 'IP address'],
    ['pki issue agent n --days 0', 'days'],
    ['pki init --trust-domain A/b --force', 'Lower-case'],
  ])('%s is a usage error', async (line, words) => {
    await pki('pki init');
    const said = await pki(line);
    expect(said.exit).toBe(2);
    expect(said.err).toContain(words);
  });

  test('without an authority, or with files of two, says so', async () => {
    expect(await pki('pki issue agent n')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('lannerctl pki init') as string,
    });
    await pki('pki init');
    const key = readFileSync(join(dir, 'ca.key'));
    await pki('pki init --force');
    writeFileSync(join(dir, 'ca.key'), key);
    const said = await pki('pki issue agent n');
    expect(said.exit).not.toBe(0);
    expect(said.err).toContain('does not belong');
  });

  test('makes what an agent and a collector need to trust each other', async () => {
    await pki('pki init');
    await pki('pki issue collector --dns collector.example --dns localhost --ip 127.0.0.1');
    await pki('pki issue agent node-1');
    const at = (name: string): string => join(dir, name);
    const files = { certFile: at('collector.pem'), keyFile: at('collector.key'),
      caFile: at('ca.pem') };
    const collector = await startTestCollector({
      yaml: JSON.stringify({ link: { identity: 'certificate', tls: files } }),
    });
    const calls: Call[] = [];
    /** The agent's own way to the collector, to the end of its greeting. */
    const greet = (address: string, node: string): Promise<string> =>
      new Promise((resolve) => {
        const channel = readCredentials({
          address,
          tls: { ca: at('ca.pem'), cert: at('agents/node-1.pem'), key: at('agents/node-1.key') },
          tokenFile: '',
          readFile: readFileSync,
        });
        const call = dial(address, channel, {
          onBytes: (bytes) => resolve(decodeCollectorFrame(bytes).kind),
          onDrain: () => undefined,
          onEnd: (reason, detail) => resolve(`${reason}: ${detail}`),
        });
        calls.push(call);
        call.write(Buffer.from(encodeAgentFrame({
          kind: 'hello',
          protocol: LINK_PROTOCOL,
          cluster: 'c1',
          node,
          agentVersion: '0',
          falcoVersion: '',
          capabilities: [],
          epoch: 'e',
        })));
      });
    try {
      const { link } = collector.addresses;
      expect(await greet(link, 'node-1')).toBe('welcome');
      expect(await greet(link.replace('127.0.0.1', 'localhost'), 'node-1')).toBe('welcome');
      expect(await greet(link, 'node-2')).toBe('refused: the credential is for node node-1');
      await vi.waitUntil(async () => (await collector.counts()).alerts === 1, { timeout: 20_000 });
      const text = await collector.metrics.registry.metrics();
      expect(text).toContain('lanner_collector_security_events_total{kind="wrong-node"} 1');
      const notAfter = certificate('collector.pem').validToDate.getTime() / 1_000;
      expect(text).toContain(`lanner_collector_link_certificate_not_after_seconds ${notAfter}`);
    } finally {
      for (const call of calls) call.close();
      await collector.stop();
    }
  });
});
