import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import { testDatabase } from '../test/postgres/database.ts';
import type { TestDatabase } from '../test/postgres/database.ts';
import type { CommandFrame } from '../proto/lanner/v1/frames.ts';
import { systemClock } from './clock.ts';
import { ReplicaCommandBus } from './command-bus.ts';
import type { AgentName, QueuedOutcome, Store } from './store/faces.ts';
import { openStore } from './store/open-store.ts';

let database: TestDatabase;
const stores: Store[] = [];
let buses: ReplicaCommandBus[] = [];
let sent: string[] = [];
const failures: unknown[] = [];

beforeAll(async () => {
  database = await testDatabase();
  for (let n = 0; n < 3; n += 1) stores.push(await openStore({ path: database.url }));
});

afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.stop()));
  await database.query('DELETE FROM commands');
  sent = [];
  const [failure] = failures.splice(0);
  if (failure !== undefined) throw failure;
});

afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await database.drop();
});

const frame = (id: string): CommandFrame => ({
  kind: 'command',
  id,
  action: 'freeze',
  containerId: 'abc',
  podUid: 'uid',
  pid: 0,
  deadline: '',
  observedAt: '',
  seconds: 0,
});

const done = (id: string): QueuedOutcome => ({
  ok: true,
  result: { kind: 'command-result', id, outcome: 'done', detail: '', document: new Uint8Array([7]) },
});

/** A replica with links to these nodes. */
function replica(
  index: number,
  nodes: readonly string[],
  answer: (frame: CommandFrame) => Promise<QueuedOutcome> = async ({ id }) => done(id),
): ReplicaCommandBus {
  const bus = new ReplicaCommandBus({
    links: {
      isConnected: ({ node }) => nodes.includes(node),
      send: async ({ node }: AgentName, command) => {
        if (!nodes.includes(node)) return { ok: false, reason: 'no-link' };
        sent.push(`${index} ${node} ${command.id}`);
        return answer(command);
      },
    },
    queue: stores[index]?.commands,
    clock: systemClock,
    newId: () => crypto.randomUUID(),
    onFailed: (error) => failures.push(error),
  });
  bus.start();
  buses.push(bus);
  return bus;
}

const node = (name: string): AgentName => ({ cluster: 'c', node: name });

test('a command for an agent of this replica goes there without the store', async () => {
  const bus = replica(0, ['n1']);
  expect(await bus.send(node('n1'), frame('1'), 60_000)).toEqual(done('1'));
  expect(await database.query('SELECT 1 FROM commands')).toEqual([]);
});

test('commands for agents of other replicas reach them, each once, with the answer', async () => {
  const bus = replica(0, []);
  replica(1, ['n1']);
  replica(2, ['n1', 'n2']);
  const ids = Array.from({ length: 20 }, (_, n) => `c${n}`);
  const outcomes = await Promise.all(
    ids.map((id, n) => bus.send(node(n % 2 === 0 ? 'n1' : 'n2'), frame(id), 60_000)));
  expect(outcomes).toEqual(ids.map(done));
  expect(sent.length).toBe(ids.length);
  expect(new Set(sent.map((line) => line.split(' ')[2]))).toEqual(new Set(ids));
  expect(await database.query('SELECT 1 FROM commands')).toEqual([]);
});

test('an agent that no replica has a link to is no link, and is not sent it later', async () => {
  const bus = replica(0, []);
  replica(1, ['n1']);
  expect(await bus.send(node('gone'), frame('1'), 500)).toEqual({ ok: false, reason: 'no-link' });
  replica(2, ['gone']);
  await stores[2]?.commands?.waiting();
  expect(sent).toEqual([]);
});

test('an agent that does not answer in time is a deadline', async () => {
  const bus = replica(0, []);
  let finish: (outcome: QueuedOutcome) => void = () => undefined;
  replica(1, ['n1'], () =>
    new Promise((resolve) => {
      finish = resolve;
    }));
  const sending = bus.send(node('n1'), frame('1'), 1_000);
  expect(await sending).toEqual({ ok: false, reason: 'deadline' });
  finish(done('1'));
  expect(sent).toEqual(['1 n1 1']);
});

test('the same command sent again is another attempt', async () => {
  const bus = replica(0, []);
  replica(1, ['n1']);
  await bus.send(node('n1'), frame('1'), 60_000);
  expect(await bus.send(node('n1'), frame('1'), 60_000)).toEqual(done('1'));
  expect(sent).toEqual(['1 n1 1', '1 n1 1']);
});

test('without notifications the poll finds the command and its answer', async () => {
  const bus = replica(0, []);
  replica(1, ['n1']);
  const kill = (): Promise<unknown> =>
    database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'LISTEN%'`);
  await kill();
  const sending = bus.send(node('n1'), frame('1'), 60_000);
  await kill();
  expect(await sending).toEqual(done('1'));
});

test('a bus that stops gives up what nobody took', async () => {
  const bus = replica(0, []);
  const sending = bus.send(node('n1'), frame('1'), 60_000);
  await vi.waitUntil(async () => (await database.query('SELECT 1 FROM commands')).length === 1);
  await bus.stop();
  expect(await sending).toEqual({ ok: false, reason: 'no-link' });
  expect(await database.query('SELECT 1 FROM commands')).toEqual([]);
});
