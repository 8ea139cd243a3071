import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ServerCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type {
  CollectorFrame,
  DecisionsFrame,
  GapRecord,
  ProfileFrame,
} from '../../proto/lanner/v1/frames.ts';
import { Outbox } from '../outbox/outbox.ts';
import type { OutboxOptions } from '../outbox/outbox.ts';
import { alertWith } from '../outbox/sample-alerts.ts';
import { systemClock } from '../source/clock.ts';
import { isLoopback } from './address.ts';
import { readCredentials } from './credentials.ts';
import { EvidenceBox } from './evidence-box.ts';
import type { LinkOptions, LinkTold } from './options.ts';
import { linkOf } from './sample-link.ts';
import { TestCollector } from './test-collector.ts';

let dir = '';
const cleanups: (() => void)[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lanner-link-'));
});
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
  rmSync(dir, { recursive: true, force: true });
});

async function collector(port = 0, tls?: ServerCredentials): Promise<TestCollector> {
  const made = new TestCollector();
  cleanups.push(() => made.kill());
  await made.listen(port, tls);
  return made;
}

let epochs = 0;
function outboxIn(path = join(dir, 'outbox.sqlite'), options: Partial<OutboxOptions> = {}): Outbox {
  const outbox = new Outbox({
    path,
    cluster: 'lab',
    node: 'node-a',
    newEpoch: () => `epoch-${(epochs += 1)}`,
    nowNs: () => systemClock.nowNs(),
    redact: { flags: new Set() },
    onReplaced: () => undefined,
    ...options,
  });
  cleanups.push(() => outbox.close());
  return outbox;
}

function linkTo(port: number, outbox: Outbox, options: Partial<LinkOptions> = {}) {
  const told: LinkTold[] = [];
  const profiles: ProfileFrame[] = [];
  const decisions: DecisionsFrame[] = [];
  const evidence = new EvidenceBox();
  const link = linkOf(outbox, `127.0.0.1:${port}`, {
    evidence,
    onProfile: (frame) => profiles.push(frame),
    onDecisions: (frame) => decisions.push(frame),
    onState: (state) => told.push(state),
    ...options,
  });
  cleanups.push(() => link.stop());
  link.start();
  return { link, told, profiles, decisions, evidence };
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000 });
const alerts = (start: number, count: number) =>
  Array.from({ length: count }, (_, index) => alertWith({ id: `a${start + index}` }));

test('it says hello first, and its alerts are acknowledged and gone', async () => {
  const server = await collector();
  const outbox = outboxIn();
  outbox.put(alerts(0, 120));
  linkTo(server.port, outbox);
  await until(() => expect(outbox.counts().pending).toBe(0));
  expect(server.frames[0]).toMatchObject({ kind: 'hello', node: 'node-a', epoch: outbox.epoch });
  expect(server.alertIds().size).toBe(120);
  expect(server.batches.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});

test('alerts that come later go out without waiting for a heartbeat', async () => {
  const server = await collector();
  const outbox = outboxIn();
  const { link } = linkTo(server.port, outbox, { heartbeatMs: 3_600_000 });
  await until(() => expect(link.counts().isLinked).toBe(true));
  outbox.put(alerts(0, 3));
  link.wake();
  await until(() => expect(server.alertIds().size).toBe(3));
});

test('what is urgent goes out at once, with what was gathered until then', async () => {
  const server = await collector();
  const outbox = outboxIn();
  const { link } = linkTo(server.port, outbox);
  await until(() => expect(link.counts().isLinked).toBe(true));
  outbox.put(alerts(0, 2));
  link.wake();
  outbox.put(alerts(2, 1));
  link.wake({ isUrgent: true });
  expect(link.counts().batchesSent).toBe(1);
  await until(() => expect(server.alertIds().size).toBe(3));
});

test('after a cut exactly the batches that were not committed are sent again', async () => {
  const server = await collector();
  server.isAcknowledging = false;
  const outbox = outboxIn();
  outbox.put(alerts(0, 200));
  linkTo(server.port, outbox);
  await until(() => expect(server.batches.length).toBe(4));
  const [first, second] = server.batches;
  if (first === undefined || second === undefined) throw new Error('two batches came');
  // Committed, but the acknowledgement of the second gets lost with the stream.
  server.acknowledge(server.latest, first);
  await until(() => expect(outbox.counts().pending).toBe(150));
  server.committed.set(second.epoch, second.sequence);
  const before = server.batches.length;
  server.isAcknowledging = true;
  server.latest.end();
  await until(() => expect(outbox.counts().pending).toBe(0));
  const again = server.batches.slice(before);
  expect(again.map(({ sequence }) => sequence)).toEqual([3, 4]);
  for (const batch of again) {
    expect(batch).toEqual(server.batches.find(({ sequence }) => sequence === batch.sequence));
  }
});

test('an outage is survived: everything put meanwhile arrives, none of it twice', async () => {
  const first = await collector();
  const { port } = first;
  const outbox = outboxIn();
  const { link, told } = linkTo(port, outbox);
  outbox.put(alerts(0, 10));
  link.wake();
  await until(() => expect(outbox.counts().pending).toBe(0));
  first.kill();
  await until(() => expect(told.at(-1)?.state).toBe('unlinked'));
  for (let index = 10; index < 400; index += 30) outbox.put(alerts(index, 30));
  link.wake();
  expect(outbox.counts().pending).toBe(390);
  const second = await collector(port);
  await until(() => expect(outbox.counts().pending).toBe(0));
  expect(second.alertIds().size).toBe(390);
  expect(second.batches.flatMap((batch) => batch.alerts).length).toBe(390);
});

test('a restarted agent sends the batches of the one before under the same names', async () => {
  const server = await collector();
  server.isAcknowledging = false;
  const before = outboxIn();
  before.put(alerts(0, 60));
  const { link } = linkTo(server.port, before);
  await until(() => expect(server.batches.length).toBe(2));
  link.stop();
  before.close();
  cleanups.splice(cleanups.length - 2, 2);
  server.isAcknowledging = true;
  const sent = server.batches.length;
  const after = outboxIn();
  linkTo(server.port, after);
  await until(() => expect(after.counts().pending).toBe(0));
  expect(server.batches.slice(sent)).toEqual(server.batches.slice(0, sent));
});

test('a slow-down narrows what is in flight', async () => {
  const server = await collector();
  server.isAcknowledging = false;
  const outbox = outboxIn();
  const { link } = linkTo(server.port, outbox);
  await until(() => expect(link.counts().isLinked).toBe(true));
  server.say(server.latest, { kind: 'slow-down', window: 1, reason: 'the store is slow' });
  // The answer to a command comes behind the slow-down on the same stream: it has been read.
  server.say(server.latest, command('c1'));
  await until(() => expect(server.frames.some(({ kind }) => kind === 'command-result')).toBe(true));
  outbox.put(alerts(0, 200));
  link.wake();
  await until(() => expect(server.batches.length).toBe(1));
  const beats = server.frames.filter(({ kind }) => kind === 'heartbeat').length;
  await until(() => expect(server.frames.filter(({ kind }) => kind === 'heartbeat').length)
    .toBeGreaterThan(beats + 2));
  expect(server.batches.length).toBe(1);
  expect(link.counts().inFlight).toBe(1);
});

const command = (id: string): CollectorFrame => ({
  kind: 'command',
  id,
  action: 'freeze',
  containerId: 'a1d8d7924c1f',
  podUid: 'u',
  pid: 0,
  deadline: '2026-11-23T11:50:41.101903733Z',
  observedAt: '',
  seconds: 0,
});

test('a command that the agent cannot execute is refused with the reason', async () => {
  const server = await collector();
  const { link } = linkTo(server.port, outboxIn());
  await until(() => expect(link.counts().isLinked).toBe(true));
  server.say(server.latest, command('c7'));
  await until(() =>
    expect(server.frames).toContainEqual({
      kind: 'command-result',
      id: 'c7',
      outcome: 'refused',
      detail: 'this agent cannot execute freeze',
      document: expect.any(Uint8Array),
    }));
});

test('heartbeats come by themselves', async () => {
  const server = await collector();
  linkTo(server.port, outboxIn());
  await until(() =>
    expect(server.frames.filter(({ kind }) => kind === 'heartbeat').length).toBeGreaterThan(2));
});

test('profiles are handed on, and evidence is sent now and again after a cut', async () => {
  const server = await collector();
  const { link, profiles, evidence } = linkTo(server.port, outboxIn());
  await until(() => expect(link.counts().isLinked).toBe(true));
  const document = gzipSync(JSON.stringify({ items: [1, 2, 3] }));
  server.say(server.latest, { kind: 'profile', profileKey: 'sha256:d2', revision: 3, document });
  await until(() => expect(profiles[0]?.profileKey).toBe('sha256:d2'));
  evidence.put({ key: 'sha256:d2', revision: 4, document });
  link.wake();
  const sentEvidence = () => server.frames.filter(({ kind }) => kind === 'evidence');
  await until(() => expect(sentEvidence().length).toBe(1));
  server.latest.end();
  await until(() => expect(sentEvidence().length).toBe(2));
  expect(sentEvidence()[1]).toMatchObject({ profileKey: 'sha256:d2', revision: 4 });
});

const gap: GapRecord = {
  from: '2026-11-23T11:50:41.000000000Z',
  to: '2026-11-23T11:50:42.000000000Z',
  cause: 'falco-restart',
  eventsEstimate: -1,
};

test('a gap goes in a batch, again until it is acknowledged, and then no more', async () => {
  const server = await collector();
  server.isAcknowledging = false;
  const outbox = outboxIn();
  outbox.addGap(gap);
  const { link } = linkTo(server.port, outbox);
  await until(() => expect(server.batches).toMatchObject([{ sequence: 1, gaps: [gap] }]));
  expect(await link.drain(0)).toBe(false);
  server.latest.end();
  await until(() => expect(server.batches.length).toBe(2));
  expect(server.batches[1]).toEqual(server.batches[0]);
  server.isAcknowledging = true;
  server.latest.end();
  await until(() => expect(outbox.isEmpty()).toBe(true));
  expect(server.batches.length).toBe(3);
  expect(outbox.counts().gaps).toMatchObject({ acknowledged: 1, pending: 0 });
});

test('a gap noted while linked goes out without waiting for an alert', async () => {
  const server = await collector();
  const outbox = outboxIn();
  const { link } = linkTo(server.port, outbox, { heartbeatMs: 3_600_000 });
  await until(() => expect(link.counts().isLinked).toBe(true));
  outbox.addGap(gap);
  link.wake();
  await until(() => expect(outbox.isEmpty()).toBe(true));
  expect(server.batches).toMatchObject([{ alerts: [], gaps: [gap] }]);
});

test('news make a heartbeat at once, and no more than one for each interval', async () => {
  const server = await collector();
  const { link } = linkTo(server.port, outboxIn(), { heartbeatMs: 3_600_000 });
  const beats = () => server.frames.filter(({ kind }) => kind === 'heartbeat').length;
  await until(() => expect(beats()).toBe(1));
  await until(() => {
    link.beatSoon();
    expect(beats()).toBe(2);
  });
  link.beatSoon();
  link.beatSoon();
  await until(() => expect(beats()).toBe(3));
  // The answer to a command comes behind all heartbeats that were on their way.
  server.say(server.latest, command('c9'));
  await until(() => expect(server.frames.some(({ kind }) => kind === 'command-result')).toBe(true));
  expect(beats()).toBe(3);
});

test('decisions are handed on', async () => {
  const server = await collector();
  const { link, decisions } = linkTo(server.port, outboxIn());
  await until(() => expect(link.counts().isLinked).toBe(true));
  const document = gzipSync('[]');
  server.say(server.latest, { kind: 'decisions', revision: 7, document });
  await until(() => expect(decisions[0]?.revision).toBe(7));
});

test('a collector that committed more than we sent gets everything under a new epoch', async () => {
  const server = await collector();
  const outbox = outboxIn();
  outbox.put(alerts(0, 5));
  const { epoch } = outbox;
  server.committed.set(epoch, 99);
  const { link } = linkTo(server.port, outbox);
  await until(() => expect(outbox.counts().pending).toBe(0));
  expect(outbox.epoch).not.toBe(epoch);
  expect(link.counts().ended.ahead).toBe(1);
  const fresh = server.batches.filter((batch) => batch.epoch === outbox.epoch);
  expect(fresh.flatMap((batch) => batch.alerts).length).toBe(5);
  expect(fresh.flatMap((batch) => batch.gaps)).toMatchObject([{ cause: 'outbox-lost' }]);
});

test('an outbox that was replaced in mid-link says hello again under its new epoch', async () => {
  const server = await collector();
  const outbox = outboxIn();
  const { link } = linkTo(server.port, outbox);
  await until(() => expect(link.counts().isLinked).toBe(true));
  outbox.renewEpoch();
  outbox.put(alerts(0, 3));
  link.wake();
  await until(() => expect(outbox.counts().pending).toBe(0));
  const hellos = server.frames.filter((frame) => frame.kind === 'hello');
  expect(hellos.length).toBe(2);
  expect(hellos[1]).toMatchObject({ epoch: outbox.epoch });
  expect(server.batches.map(({ epoch }) => epoch)).toEqual([outbox.epoch]);
});

test('frames that nobody can read are counted and end nothing', async () => {
  const server = await collector();
  const outbox = outboxIn();
  const { link } = linkTo(server.port, outbox);
  await until(() => expect(link.counts().isLinked).toBe(true));
  server.latest.write(Buffer.from([0xff, 0xff, 0xff]));
  server.latest.write(Buffer.from([0xfa, 0x01, 0x00]));
  outbox.put(alerts(0, 1));
  link.wake();
  await until(() => expect(outbox.counts().pending).toBe(0));
  expect(link.counts()).toMatchObject({ framesMalformed: 1, framesUnknown: 1, attempts: 1 });
});

test('a collector that hangs before its welcome gets no alerts and holds nothing up', async () => {
  const server = await collector();
  server.onHello = () => undefined;
  const outbox = outboxIn();
  outbox.put(alerts(0, 5));
  const { link } = linkTo(server.port, outbox);
  await until(() => expect(server.frames.length).toBe(1));
  link.wake();
  expect(link.counts().isLinked).toBe(false);
  expect(server.batches).toEqual([]);
  expect(outbox.counts().pending).toBe(5);
});

test('certificate files that cannot be read are a failed attempt, not a crash', async () => {
  const { told } = linkTo(1, outboxIn(), {
    credentials: () => {
      throw new Error('ENOENT: tls.key');
    },
  });
  await until(() =>
    expect(told).toContainEqual({
      state: 'unlinked', reason: 'refused', detail: 'ENOENT: tls.key',
    }));
});

const pki = (name: string): string =>
  new URL(`../../collector/testing/pki/${name}`, import.meta.url).pathname;
const ca = readFileSync(pki('ca.pem'));
const mutualTls = () =>
  ServerCredentials.createSsl(
    ca,
    [{ cert_chain: readFileSync(pki('server.pem')), private_key: readFileSync(pki('server.key')) }],
    true,
  );

test('with certificate files the link is mutual TLS', async () => {
  const server = await collector(0, mutualTls());
  const outbox = outboxIn();
  outbox.put(alerts(0, 3));
  const files = { ca: pki('ca.pem'), cert: pki('client.pem'), key: pki('client.key') };
  linkTo(server.port, outbox, {
    address: `localhost:${server.port}`,
    credentials: () => readCredentials({
      address: 'localhost:1',
      tls: files,
      tokenFile: '',
      readFile: readFileSync,
    }),
  });
  await until(() => expect(outbox.counts().pending).toBe(0));
});

test.each([
  ['without a certificate', { ca: pki('ca.pem'), cert: '', key: '' }],
  ['in plaintext', null],
])('a collector that wants mutual TLS gets no alert %s', async (_what, files) => {
  const server = await collector(0, mutualTls());
  const outbox = outboxIn();
  outbox.put(alerts(0, 3));
  const { told } = linkTo(server.port, outbox, {
    address: `localhost:${server.port}`,
    credentials: () => readCredentials({
      address: 'localhost:1',
      tls: files,
      tokenFile: '',
      readFile: readFileSync,
    }),
  });
  await until(() => expect(told.at(-1)).toMatchObject({ state: 'unlinked' }));
  expect(server.frames).toEqual([]);
  expect(outbox.counts().pending).toBe(3);
});

test.each([
  ['127.0.0.1:8471', true],
  ['127.8.8.8:1', true],
  ['localhost:8471', true],
  ['[::1]:8471', true],
  ['unix:///run/x.sock', true],
  ['dns:///localhost:1', true],
  ['collector:8471', false],
  ['127.0.0.1.evil.example:1', false],
  ['10.0.0.1:8471', false],
  ['localhost.evil:1', false],
  ['[fe80::1]:1', false],
])('%s is this machine: %s', (address, isLocal) => {
  expect(isLoopback(address)).toBe(isLocal);
});

test('draining waits for the acknowledgements, and stopping leaves nothing running', async () => {
  const server = await collector();
  const outbox = outboxIn();
  const { link } = linkTo(server.port, outbox);
  await until(() => expect(link.counts().isLinked).toBe(true));
  outbox.put(alerts(0, 150));
  expect(await link.drain(20_000)).toBe(true);
  expect(outbox.counts().pending).toBe(0);
  link.stop();
  const frames = server.frames.length;
  outbox.put(alerts(900, 1));
  link.wake();
  expect(await link.drain(100)).toBe(false);
  expect(server.frames.length).toBe(frames);
});
