import { credentials, status } from '@grpc/grpc-js';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Alert } from '../../baseline/alert.ts';
import type { AlertsFrame } from '../../proto/lanner/v1/frames.ts';
import type { Store } from '../store/faces.ts';
import { openStore } from '../store/open-store.ts';
import { anAlert } from '../testing/alerts.ts';
import { ManualClock } from '../testing/clock.ts';
import { TestAgent } from '../testing/test-agent.ts';
import type { LinkReceiver } from './agent-link.ts';
import { FRAMES_WAITING_MAX } from './agent-link.ts';
import { LinkServer } from './link-server.ts';
import type { LinkServerOptions } from './link-server.ts';

const log = pino({ level: 'silent' });
let clock: ManualClock;
let store: Store;
let server: LinkServer;
let address: string;
let refused: string[];
let received: string[];
let gaps: string[];
const agents: TestAgent[] = [];

const receiver: LinkReceiver = {
  onHello: async (hello) => {
    received.push(`hello ${hello.node}`);
  },
  onWelcomed: async () => undefined,
  onEvidence: async (_, frame) => {
    received.push(`evidence ${frame.profileKey}`);
  },
  onHeartbeat: async (_, frame) => {
    received.push(`heartbeat ${frame.eventsReceived}`);
  },
  onBatch: ({ duplicate, stored, gaps: fresh }) => {
    gaps.push(...fresh.map(({ cause }) => cause));
    received.push(duplicate ? 'duplicate' : `stored ${stored.length}`);
  },
  onRefused: (reason) => refused.push(reason),
};

async function serve(over: Partial<LinkServerOptions> = {}): Promise<void> {
  server = new LinkServer({
    address: '127.0.0.1:0',
    insecure: false,
    store,
    receiver,
    clock,
    log,
    helloDeadlineMs: 10_000,
    windowBatches: 16,
    collectorVersion: '0.1.0',
    ...over,
  });
  address = await server.start();
}

beforeEach(async () => {
  clock = new ManualClock();
  store = await openStore({ path: ':memory:', clock });
  refused = [];
  received = [];
  gaps = [];
  await serve();
});

afterEach(async () => {
  for (const agent of agents.splice(0)) agent.cut();
  await server.stop();
  await store.close();
});

function connect(to = address, creds = credentials.createInsecure()): TestAgent {
  const agent = new TestAgent(to, creds);
  agents.push(agent);
  return agent;
}

const batch = (sequence: number, ...alerts: readonly Alert[]): AlertsFrame => ({
  kind: 'alerts',
  epoch: 'e1',
  sequence,
  alerts,
  gaps: [],
});

const alertCount = async (): Promise<number> => (await store.counts()).alerts;

describe('a link', () => {
  test('begins with hello and welcome, and acknowledges what is committed', async () => {
    const agent = connect();
    agent.hello();
    expect(await agent.frame('welcome')).toMatchObject({
      protocol: 1,
      committedSequence: 0,
      window: 16,
    });
    agent.send(batch(1, anAlert()));
    expect(await agent.frame('ack')).toEqual({ kind: 'ack', epoch: 'e1', sequence: 1 });
    expect(await alertCount()).toBe(1);
    expect(received).toEqual(['hello node-1', 'stored 1']);
    expect(server.isConnected({ cluster: 'c1', node: 'node-1' })).toBe(true);
  });

  test('acknowledges nothing before the commit, and batches behind it share the next', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const groups: number[] = [];
    await server.stop();
    await serve({
      store: {
        ...store,
        commitBatches: async (batches) => {
          groups.push(batches.length);
          await gate;
          return store.commitBatches(batches);
        },
      },
    });
    const agent = connect();
    agent.hello();
    await agent.frame('welcome');
    for (let n = 1; n <= 5; n += 1) agent.send(batch(n, anAlert({ id: `a${n}` })));
    await vi.waitUntil(() => groups.length === 1);
    expect(agent.frames.filter(({ kind }) => kind === 'ack')).toEqual([]);
    open();
    expect((await agent.frame('ack', 4)).sequence).toBe(5);
    expect(groups.reduce((sum, count) => sum + count, 0)).toBe(5);
  });

  test('cut in the middle goes on where it was: nothing lost, nothing twice', async () => {
    const first = connect();
    first.hello();
    await first.frame('welcome');
    first.send(batch(1, anAlert({ id: 'a1' })));
    first.send(batch(2, anAlert({ id: 'a2' })));
    await first.frame('ack', 0);
    first.cut();
    const second = connect();
    second.hello();
    const { committedSequence } = await second.frame('welcome');
    expect(committedSequence).toBeGreaterThanOrEqual(1);
    // The agent did not get every acknowledgement and sends more than it needs to.
    for (let n = 1; n <= 3; n += 1) second.send(batch(n, anAlert({ id: `a${n}` })));
    expect((await second.frame('ack', 2)).sequence).toBe(3);
    expect(await alertCount()).toBe(3);
    expect(received.filter((what) => what === 'duplicate').length)
      .toBeGreaterThanOrEqual(1);
  });

  test('commits the gaps of a batch with it, once, however often it comes', async () => {
    const gap = { from: 'a', to: 'b', cause: 'overload', eventsEstimate: -1 } as const;
    const agent = connect();
    agent.hello();
    await agent.frame('welcome');
    agent.send({ ...batch(1, anAlert()), gaps: [gap] });
    agent.send({ ...batch(1, anAlert()), gaps: [gap] });
    // Under another sequence, as after a new epoch.
    agent.send({ ...batch(2), gaps: [gap] });
    expect((await agent.frame('ack', 2)).sequence).toBe(2);
    expect(await store.listGaps({ limit: 10 })).toMatchObject([{ node: 'node-1', ...gap }]);
    expect(gaps).toEqual(['overload']);
  });

  test('hands on evidence and heartbeats in order', async () => {
    const agent = connect();
    agent.hello();
    agent.send({ kind: 'evidence', profileKey: 'k', revision: 1, document: new Uint8Array([1]) });
    agent.send({
      kind: 'heartbeat',
      time: '2026-01-01T00:00:00Z',
      eventsReceived: 7,
      eventsJudged: 7,
      eventsDropped: 0,
      falcoVersion: '0.40.0',
      sensorState: 'streaming',
      sensorDetail: 'Falco 0.40.0',
      outboxPending: 0,
      lagSeconds: 0.5,
      images: [],
    });
    await vi.waitUntil(() => received.length === 3);
    expect(received).toEqual(['hello node-1', 'evidence k', 'heartbeat 7']);
  });

  test('of the same node takes the place of the older one', async () => {
    const older = connect();
    older.hello();
    await older.frame('welcome');
    const newer = connect();
    newer.hello();
    await newer.frame('welcome');
    expect(await older.status()).toMatchObject({ code: status.ABORTED });
    expect(server.openCount).toBe(1);
    newer.send(batch(1, anAlert()));
    await newer.frame('ack');
    // The other cluster's node of that name is another node.
    const other = connect();
    other.hello({ cluster: 'c2' });
    await other.frame('welcome');
    expect(server.openCount).toBe(2);
  });

  test('ends when the store fails; the batch is acknowledged after the store works again',
    async () => {
      let isBroken = true;
      await server.stop();
      await serve({
        store: {
          ...store,
          commitBatches: (batches) =>
            isBroken ? Promise.reject(new Error('disk full')) : store.commitBatches(batches),
        },
      });
      const agent = connect();
      agent.hello();
      agent.send(batch(1, anAlert()));
      expect(await agent.status()).toMatchObject({ code: status.UNAVAILABLE });
      expect(agent.frames.filter(({ kind }) => kind === 'ack')).toEqual([]);
      isBroken = false;
      const again = connect();
      again.hello();
      expect((await again.frame('welcome')).committedSequence).toBe(0);
      again.send(batch(1, anAlert()));
      await again.frame('ack');
      expect(await alertCount()).toBe(1);
    });

  test('with a flood of frames holds the agent back and loses none', async () => {
    const agent = connect();
    agent.hello();
    const count = FRAMES_WAITING_MAX * 5;
    for (let n = 1; n <= count; n += 1) agent.send(batch(n, anAlert({ id: `a${n}` })));
    expect((await agent.frame('ack', count - 1)).sequence).toBe(count);
    expect(await alertCount()).toBe(count);
  });
});

describe('what is refused', () => {
  test('silence: a link without a hello ends at the deadline', async () => {
    const agent = connect();
    await vi.waitUntil(() => clock.pending === 1);
    clock.advance(10_000);
    expect(await agent.status()).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    expect(refused).toEqual(['no-hello']);
  });

  test('anything before the hello', async () => {
    const agent = connect();
    agent.send(batch(1, anAlert()));
    expect(await agent.status()).toMatchObject({ code: status.FAILED_PRECONDITION });
    expect(await alertCount()).toBe(0);
  });

  test.each([
    [0, 'upgrade the agent'],
    [2, 'upgrade the collector'],
  ])('link protocol %i, with what to do about it', async (protocol, words) => {
    const agent = connect();
    agent.hello({ protocol });
    const end = await agent.status();
    expect(end.code).toBe(status.FAILED_PRECONDITION);
    expect(end.details).toContain(words);
    expect(refused).toEqual(['protocol']);
  });

  test('a second hello, another epoch, a hello without a node', async () => {
    const twice = connect();
    twice.hello();
    twice.hello();
    expect(await twice.status()).toMatchObject({ code: status.FAILED_PRECONDITION });
    const epoch = connect();
    epoch.hello();
    epoch.send({ ...batch(1, anAlert()), epoch: 'e2' });
    expect(await epoch.status()).toMatchObject({ code: status.INVALID_ARGUMENT });
    const nameless = connect();
    nameless.hello({ node: '' });
    expect(await nameless.status()).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(refused).toEqual(['second-hello', 'wrong-epoch', 'missing']);
  });

  test('bytes that are no frame; the other links do not notice', async () => {
    const good = connect();
    good.hello({ node: 'good' });
    await good.frame('welcome');
    for (const bytes of [[0xff, 0xff, 0xff], [0x0a, 0x7f, 0x01]]) {
      const bad = connect();
      bad.hello({ node: 'bad' });
      await bad.frame('welcome');
      bad.sendBytes(new Uint8Array(bytes));
      expect(await bad.status()).toMatchObject({ code: status.INVALID_ARGUMENT });
    }
    good.send(batch(1, anAlert({ node: 'good' })));
    await good.frame('ack');
    expect(refused).toEqual(['wire-format', 'wire-format']);
  });

  test('a frame of a newer version is passed over, the link stays', async () => {
    const agent = connect();
    agent.hello();
    await agent.frame('welcome');
    agent.sendBytes(new Uint8Array([0xfa, 0x01, 0x01, 0x00]));
    agent.send(batch(1, anAlert()));
    await agent.frame('ack');
    expect(refused).toEqual(['unknown-frame']);
  });

  test('plaintext and strangers on an address that is not loopback, unless the operator says so',
    async () => {
      await server.stop();
      const all = '0.0.0.0:0';
      await expect(serve({ address: all })).rejects.toThrow(/not loopback.*link\.tls/);
      const tls = { certFile: 'a', keyFile: 'b', caFile: 'c' };
      await expect(serve({ address: all, tls })).rejects.toThrow(/not loopback.*link\.identity/);
      await serve({ address: all, insecure: true });
      expect(address).toMatch(/^0\.0\.0\.0:\d+$/);
    });
});

describe('commands', () => {
  const command = {
    kind: 'command',
    id: 'cmd-1',
    action: 'freeze',
    containerId: '0123456789ab',
    podUid: 'uid-1',
    pid: 0,
    deadline: '2026-01-01T00:00:00Z',
    observedAt: '',
    seconds: 0,
  } as const;
  const agentName = { cluster: 'c1', node: 'node-1' };

  test('go to the agent of the node and come back with its result', async () => {
    const agent = connect();
    agent.hello();
    await agent.frame('welcome');
    const sent = server.send(agentName, command, 5_000);
    expect(await agent.frame('command')).toMatchObject({ id: 'cmd-1', action: 'freeze' });
    agent.send({ kind: 'command-result', id: 'cmd-1', outcome: 'done', detail: '',
      document: new Uint8Array() });
    expect(await sent).toMatchObject({ ok: true, result: { outcome: 'done' } });
  });

  test('end with a reason when there is no agent, no answer or no link any more', async () => {
    expect(await server.send(agentName, command, 1)).toEqual({ ok: false, reason: 'no-link' });
    const agent = connect();
    agent.hello();
    await agent.frame('welcome');
    const late = server.send(agentName, command, 5_000);
    await agent.frame('command');
    expect(await server.send(agentName, command, 5_000)).toEqual({ ok: false, reason: 'busy' });
    clock.advance(5_000);
    expect(await late).toEqual({ ok: false, reason: 'deadline' });
    const lost = server.send(agentName, { ...command, id: 'cmd-2' }, 5_000);
    await agent.frame('command', 1);
    agent.cut();
    expect(await lost).toEqual({ ok: false, reason: 'link-closed' });
  });
});
