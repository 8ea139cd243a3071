import { expect, test } from 'vitest';

import type { HeartbeatFrame, HelloFrame } from '../proto/lanner/v1/frames.ts';
import { RollCall, WRITE_MS } from './roll-call.ts';
import type { AgentRecord } from './store/faces.ts';
import { openStore } from './store/open-store.ts';
import { ManualClock } from './testing/clock.ts';

const helloOf = (node: string): HelloFrame => ({
  kind: 'hello',
  protocol: 1,
  cluster: 'c1',
  node,
  agentVersion: '0.1.0',
  falcoVersion: '0.43.1',
  capabilities: ['freeze'],
  epoch: 'e1',
});

const beatOf = (eventsReceived: number): HeartbeatFrame => ({
  kind: 'heartbeat',
  time: '2026-11-23T11:50:41.101903733Z',
  eventsReceived,
  eventsJudged: 0,
  eventsDropped: 0,
  outboxPending: 0,
  lagSeconds: 0,
  images: [],
  falcoVersion: '0.43.1',
  sensorState: 'streaming',
  sensorDetail: '',
});

/** Remembers what it is asked to write; fails when it is told to. */
function recorder() {
  const writes: (readonly AgentRecord[])[] = [];
  const store = {
    fails: false,
    saveAgents: async (records: readonly AgentRecord[]): Promise<void> => {
      if (store.fails) throw new Error('away');
      writes.push(records);
    },
  };
  return { store, writes };
}

test('what many agents say within a moment is one write, with the last of each', async () => {
  const clock = new ManualClock(1_000);
  const { store, writes } = recorder();
  const roll = new RollCall({ store, clock, onDropped: () => undefined });
  const hellos = ['n1', 'n2', 'n3'].map(helloOf);
  for (const hello of hellos) roll.hello(hello);
  for (const hello of hellos) roll.heartbeat(hello, beatOf(1));
  for (const hello of hellos) roll.heartbeat(hello, beatOf(2));
  clock.advance(WRITE_MS);
  await roll.stop();
  expect(writes.map((records) => records.map(({ node, heartbeat, connectedAtMs }) =>
    [node, heartbeat?.eventsReceived, connectedAtMs])))
    .toEqual([[['n1', 2, 1_000], ['n2', 2, 1_000], ['n3', 2, 1_000]]]);
});

test('what a store that is away does not take is dropped and counted, and the next is written',
  async () => {
    const clock = new ManualClock(0);
    const { store, writes } = recorder();
    let dropped = 0;
    const roll = new RollCall({
      store,
      clock,
      onDropped: (agents) => {
        dropped += agents;
      },
      waitingMax: 2,
    });
    const hello = helloOf('n1');
    store.fails = true;
    roll.hello(hello);
    roll.hello(helloOf('n2'));
    roll.hello(helloOf('n3'));
    expect(dropped).toBe(1);
    clock.advance(WRITE_MS);
    await expect.poll(() => dropped).toBe(3);
    store.fails = false;
    roll.heartbeat(hello, beatOf(1));
    await roll.stop();
    expect(writes).toHaveLength(1);
    expect(writes[0]?.[0]).toMatchObject({ node: 'n1', connectedAtMs: 0 });
  });

test('the store keeps the last heartbeat over a new hello, and the newest of two replicas',
  async () => {
    const store = await openStore({ path: ':memory:' });
    const clock = new ManualClock(1_000);
    const [older, newer] = [1, 2].map(() =>
      new RollCall({ store, clock, onDropped: () => undefined }));
    const hello = helloOf('n1');
    older?.hello(hello);
    older?.heartbeat(hello, beatOf(7));
    clock.advance(10);
    newer?.hello({ ...hello, epoch: 'e2' });
    await newer?.stop();
    // Written late: the link has moved on meanwhile.
    await older?.stop();
    const [agent] = await store.listAgents();
    expect(agent).toMatchObject({ epoch: 'e2', lastSeenMs: 1_010, connectedAtMs: 1_010 });
    await store.saveAgents([{ ...agent as AgentRecord, heartbeat: beatOf(8) }]);
    await store.saveAgents([{ ...agent as AgentRecord, heartbeat: null, epoch: 'e3' }]);
    const [again] = await store.listAgents();
    expect(again).toMatchObject({ epoch: 'e3', heartbeat: { eventsReceived: 8 } });
    await store.close();
  });
