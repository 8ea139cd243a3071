import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { testDatabase } from '../test/postgres/database.ts';
import type { TestDatabase } from '../test/postgres/database.ts';
import type { Lease, Leases, Store } from './store/faces.ts';
import { openStore } from './store/open-store.ts';
import { ManualClock } from './testing/clock.ts';
import { TTL_MS, Turn } from './turn.ts';

let database: TestDatabase;
let store: Store;
let clock: ManualClock;
let log: string[] = [];

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ path: database.url });
});

afterAll(async () => {
  await store.close();
  await database.drop();
});

beforeEach(() => {
  clock = new ManualClock();
  log = [];
});

afterEach(() => database.query('DELETE FROM leases'));

function aTurn(replica: string, leases: Leases = store): Turn {
  return new Turn({
    leases,
    replica,
    clock,
    log: pino({ level: 'silent' }),
    onGained: async ({ holder }: Lease) => void log.push(`${holder} begins`),
    onLost: async () => void log.push(`${replica} ends`),
  });
}

test('alone it is ours from the start, renewed in time, and given back at the end', async () => {
  const turn = aTurn('a');
  await turn.start();
  expect(turn.isOurs()).toBe(true);
  for (let n = 0; n < 20; n += 1) {
    clock.advance(2_000);
    await vi.waitUntil(() => clock.pending === 1);
    expect(turn.isOurs()).toBe(true);
  }
  await turn.stop();
  expect(turn.isOurs()).toBe(false);
  expect(log).toEqual(['a#1 begins', 'a ends']);
  expect(await database.query('SELECT 1 FROM leases')).toEqual([]);
});

test('a second one waits until the first stops, and takes over at its next question', async () => {
  const [first, second] = [aTurn('a'), aTurn('b')];
  await first.start();
  await second.start();
  expect([first.isOurs(), second.isOurs()]).toEqual([true, false]);
  await first.stop();
  clock.advance(1_000);
  await vi.waitUntil(() => second.isOurs());
  await second.stop();
  expect(log).toEqual(['a#1 begins', 'a ends', 'b#2 begins', 'b ends']);
});

test('one that was paused knows by its own clock that it is no longer its turn', async () => {
  const turn = aTurn('a');
  await turn.start();
  // Nothing of it ran meanwhile; another one took over.
  await database.query(`UPDATE leases SET holder = 'b#1', expires_at = expires_at + 600000`);
  clock.advance(TTL_MS);
  expect(turn.isOurs()).toBe(false);
  await vi.waitUntil(() => log.includes('a ends'));
  await turn.stop();
  expect(log).toEqual(['a#1 begins', 'a ends']);
  // What is the other's is not given back.
  expect(await database.query('SELECT holder FROM leases')).toEqual([{ holder: 'b#1' }]);
});

test('a store that does not answer costs the turn when its time is over, not before', async () => {
  let isAway = false;
  const turn = aTurn('a', {
    acquire: async (...lease) => {
      if (isAway) throw new Error('away');
      return store.acquire(...lease);
    },
    release: (...lease) => store.release(...lease),
  });
  await turn.start();
  isAway = true;
  clock.advance(2_000);
  await vi.waitUntil(() => clock.pending === 1);
  expect(turn.isOurs()).toBe(true);
  clock.advance(2_000);
  await vi.waitUntil(() => clock.pending === 1);
  clock.advance(2_000);
  await vi.waitUntil(() => log.includes('a ends'));
  isAway = false;
  await database.query('DELETE FROM leases');
  clock.advance(1_000);
  // A tenure of its own: what the old one still writes is refused.
  await vi.waitUntil(() => log.includes('a#2 begins'));
  await turn.stop();
});

test('one that cannot begin gives it back, and tries again', async () => {
  let fails = 1;
  const turn = new Turn({
    leases: store,
    replica: 'a',
    clock,
    log: pino({ level: 'silent' }),
    onGained: async () => {
      if (fails > 0) throw new Error('no incidents');
    },
    onLost: async () => void log.push('ends'),
  });
  await turn.start();
  expect(turn.isOurs()).toBe(false);
  expect(log).toEqual(['ends']);
  fails = 0;
  clock.advance(1_000);
  await vi.waitUntil(() => turn.isOurs());
  await turn.stop();
});
