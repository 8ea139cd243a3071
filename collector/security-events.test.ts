import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { SecurityEvent } from './link/security-event.ts';
import { EVENTS_MAX, FOLD_MS, SecurityEvents, WRITE_MS } from './security-events.ts';
import type { Store } from './store/faces.ts';
import { openStore } from './store/open-store.ts';
import { ManualClock } from './testing/clock.ts';

let clock: ManualClock;
let store: Store;
let events: SecurityEvents;
let ids: number;

const event: SecurityEvent = {
  kind: 'wrong-node',
  peer: '10.0.0.7:4711',
  identity: 'spiffe://lanner.local/lanner/agent/node-1',
  cluster: 'c1',
  node: 'node-2',
  detail: 'the credential is for node node-1',
};

beforeEach(async () => {
  clock = new ManualClock(Date.parse('2026-03-01T10:00:00Z'));
  store = await openStore({ path: ':memory:', clock });
  ids = 0;
  events = new SecurityEvents({
    store,
    clock,
    log: pino({ level: 'silent' }),
    newId: () => String(ids += 1),
  });
});

afterEach(async () => {
  await events.stop();
  await store.close();
});

const alerts = async () =>
  (await store.listAlerts({}, { limit: 500 })).map(({ alert }) => alert).toReversed();
const audit = () => store.listAudit({ limit: 500 });
const until = (check: () => unknown): Promise<unknown> =>
  vi.waitUntil(check, { timeout: 20_000, interval: 5 });

describe('a security event', () => {
  test('is an alert and an audit record', async () => {
    events.report(event);
    await until(async () => (await alerts()).length === 1);
    expect(await alerts()).toMatchObject([{
      kind: 'sensor',
      severity: 'high',
      cluster: 'c1',
      node: 'node-2',
      count: 1,
      firstTime: '2026-03-01T10:00:00.000000000Z',
      reason: {
        en: 'spiffe://lanner.local/lanner/agent/node-1 (10.0.0.7:4711) tried to speak for ' +
          'c1/node-2: the credential is for node node-1',
      },
    }]);
    expect(await audit()).toMatchObject([{
      actor: event.identity,
      action: 'link.wrong-node',
      subject: 'c1/node-2',
      detail: { peer: event.peer, count: 1 },
    }]);
  });

  test('said again is the same alert, written once in a while, with all that came', async () => {
    for (let n = 0; n < 1_000; n += 1) events.report(event);
    await until(async () => (await alerts()).length === 1);
    clock.advance(WRITE_MS);
    events.report(event);
    await until(async () => (await alerts())[0]?.count === 1_000);
    clock.advance(WRITE_MS);
    await until(async () => (await alerts())[0]?.count === 1_001);
    expect(await alerts()).toHaveLength(1);
    expect((await audit()).length).toBeLessThanOrEqual(3);
  });

  test('after a quiet time is a new alert', async () => {
    events.report(event);
    await until(async () => (await alerts()).length === 1);
    clock.advance(WRITE_MS);
    clock.advance(FOLD_MS);
    events.report(event);
    await until(async () => (await alerts()).length === 2);
    expect((await alerts()).map(({ count }) => count)).toEqual([1, 1]);
  });

  test('of ever new names fills no memory; the rest of a kind is counted together', async () => {
    for (let n = 0; n < EVENTS_MAX + 50; n += 1) events.report({ ...event, node: `node-${n}` });
    expect(events.size).toBe(EVENTS_MAX + 1);
    await events.stop();
    const rest = (await alerts()).find(({ node }) => node === '');
    expect(rest).toMatchObject({ count: 50 });
    clock.advance(FOLD_MS);
    events.report({ ...event, node: 'another' });
    expect(events.size).toBe(1);
  });

  test('that cannot be stored is stored when the store works again', async () => {
    let isBroken = true;
    const broken = new SecurityEvents({
      store: {
        ...store,
        commitBatches: (batches) =>
          isBroken ? Promise.reject(new Error('disk full')) : store.commitBatches(batches),
      },
      clock,
      log: pino({ level: 'silent' }),
      newId: () => 'x',
    });
    broken.report(event);
    await until(async () => (await audit()).length === 1);
    isBroken = false;
    clock.advance(WRITE_MS);
    await until(async () => (await alerts()).length === 1);
    expect(await alerts()).toMatchObject([{ count: 1 }]);
    await broken.stop();
  });

  test('with hostile text stays bounded and well-formed', async () => {
    const text = `${'x'.repeat(299)}\ud83d\ude00${'y'.repeat(5_000)}`;
    events.report({ ...event, kind: 'identity-refused', identity: text, node: text, detail: text });
    await until(async () => (await alerts()).length === 1);
    const [alert] = await alerts();
    expect(alert?.node.isWellFormed()).toBe(true);
    expect(JSON.stringify(alert).length).toBeLessThan(4_000);
  });
});
