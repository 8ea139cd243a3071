import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { testDatabase } from '../../test/postgres/database.ts';
import type { TestDatabase } from '../../test/postgres/database.ts';
import type { Alert } from '../../baseline/alert.ts';
import { systemClock } from '../clock.ts';
import { anAlert } from '../testing/alerts.ts';
import { aPlace, anIncident } from '../testing/records.ts';
import type { Change, Store } from './faces.ts';
import { migrations } from './migrations.ts';
import { openStore } from './open-store.ts';

/** What only a database that several collectors share can get wrong. */
const DAY_MS = 86_400_000;
let database: TestDatabase;
let stores: Store[] = [];
let nowMs = Date.UTC(2026, 2, 1, 12);
const clock = { now: () => nowMs, after: systemClock.after.bind(systemClock) };

beforeEach(async () => {
  nowMs = Date.UTC(2026, 2, 1, 12);
  database = await testDatabase();
});

afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await database.drop();
});

async function replica(): Promise<Store> {
  const store = await openStore({ path: database.url, clock });
  stores.push(store);
  return store;
}

let sequence = 0;
const commit = async (store: Store, alerts: readonly Alert[], node = 'n1'): Promise<void> => {
  sequence += 1;
  await store.commitBatches([{ cluster: 'c', node, epoch: 'e', sequence, alerts, gaps: [] }]);
};

/** Reads on from where it was, as the live stream does. */
function reader(store: Store) {
  let position = 0;
  const seen: Change[] = [];
  return {
    ids: () => seen.map(({ document }) => (document as Alert).id),
    read: async (): Promise<void> => {
      for (;;) {
        const changes = await store.changesAfter(position, 50);
        if (changes.length === 0) return;
        seen.push(...changes);
        position = changes.at(-1)?.position ?? position;
      }
    },
  };
}

describe('the schema', () => {
  test('collectors that start at once migrate it once', async () => {
    await Promise.all([replica(), replica(), replica(), replica()]);
    const rows = await database.query('SELECT number FROM migrations ORDER BY number');
    expect(rows.map(({ number }) => Number(number)))
      .toEqual(migrations.map(({ number }) => number));
  });

  test('a store that a newer version wrote is refused and left alone', async () => {
    await (await replica()).close();
    stores = [];
    await database.query(`INSERT INTO migrations VALUES (99, 'of the future', 0)`);
    await expect(replica()).rejects.toMatchObject({ code: 'store-open' });
    await expect(replica()).rejects.toThrow(/newer version \(99 >/);
    expect(await database.query('SELECT 1 FROM pg_stat_activity WHERE application_name = ' +
      `'lanner-collector' AND datname = current_database()`)).toEqual([]);
  });

  test('a server that is not there is an error without the password', async () => {
    const failure = openStore({ path: 'postgres://lanner:hunter2@127.0.0.1:1/lanner', clock });
    await expect(failure).rejects.toMatchObject({ code: 'store-open' });
    await expect(failure).rejects.toThrow(/lanner:\*\*\*@127\.0\.0\.1:1/);
    await expect(failure).rejects.not.toThrow(/hunter2/);
  });
});

describe('positions of changes', () => {
  test('a commit that began earlier and ends later is not passed over', async () => {
    const [one, two] = [await replica(), await replica()];
    const reads = reader(two);
    await database.query('BEGIN');
    const [row] = await database.query<{ value: string }>(
      `UPDATE counters SET value = value + 1 WHERE name = 'changes' RETURNING value`);
    await database.query(`INSERT INTO alert_days VALUES ('slow', 20513)`);
    const later = commit(one, [anAlert({ id: 'fast' })]);
    // Whatever the fast one does, it is not readable before the slow one.
    await vi.waitUntil(async () => (await waitingForLocks()) > 0);
    await reads.read();
    expect(reads.ids()).toEqual([]);
    await database.query(`INSERT INTO changes VALUES (${row?.value}, 'gap', '{"id":"slow"}')`);
    await database.query('COMMIT');
    await later;
    await reads.read();
    expect(reads.ids()).toEqual(['slow', 'fast']);
  });

  test('with several writers a reader sees every alert, once per revision at most', async () => {
    const writers = [await replica(), await replica(), await replica()];
    const reads = reader(await replica());
    let isDone = false;
    const reading = (async () => {
      while (!isDone) await reads.read();
    })();
    await Promise.all(writers.map(async (store, writer) => {
      for (let n = 0; n < 40; n += 1) {
        await commit(store, [anAlert({ id: `w${writer}-${n}` })], `n${writer}`);
      }
    }));
    isDone = true;
    await reading;
    await reads.read();
    expect(reads.ids().length).toBe(120);
    expect(new Set(reads.ids()).size).toBe(120);
  });
});

const waitingForLocks = async (): Promise<number> => {
  const rows = await database.query(`SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`);
  return rows.length;
};

describe('several replicas', () => {
  test('the same batch over two of them is stored once', async () => {
    const [one, two] = [await replica(), await replica()];
    for (let n = 1; n <= 20; n += 1) {
      const batch = {
        cluster: 'c',
        node: 'n1',
        epoch: 'twice',
        sequence: n,
        alerts: [anAlert({ id: `a${n}` })],
        gaps: [{
          from: `2026-01-01T00:00:${n + 10}Z`,
          to: '2026-01-01T00:01:00Z',
          cause: 'falco-drop' as const,
          eventsEstimate: n,
        }],
      };
      const outcomes = (await Promise.all([one.commitBatches([batch]), two.commitBatches([batch])]))
        .flat();
      expect(outcomes.filter(({ duplicate }) => duplicate).length).toBe(1);
      expect(outcomes.flatMap(({ stored }) => stored).length).toBe(1);
      expect(outcomes.flatMap(({ gaps }) => gaps).length).toBe(1);
    }
    expect(await one.counts()).toMatchObject({ alerts: 20, gaps: 20 });
  });

  test('the same alerts in opposite orders, and their correlation, do not block each other',
    async () => {
      const [one, two] = [await replica(), await replica()];
      const ids = Array.from({ length: 30 }, (_, n) => `a${n}`);
      const grow = (revision: number): Alert[] => ids.map((id) => anAlert({ id, revision }));
      await commit(one, grow(1));
      await Promise.all(Array.from({ length: 10 }, async (_, n) => {
        const revision = n + 2;
        await Promise.all([
          commit(one, grow(revision), 'n1'),
          commit(two, grow(revision).toReversed(), 'n2'),
          two.saveCorrelation({
            incidents: [anIncident({ revision })],
            correlated: new Map(ids.toReversed().map((id) => [id, aPlace('i', revision)])),
            merged: new Map([['i', `i${n}`]]),
            nowMs,
          }),
        ]);
      }));
      const rows = await one.listAlerts({}, { limit: 100 });
      expect(rows.map(({ alert }) => alert.revision)).toEqual(ids.map(() => 11));
      expect(rows.length).toBe(30);
    });

  test('a lease that another holder has fences what the old one still writes', async () => {
    const [one, two] = [await replica(), await replica()];
    expect(await one.acquire('work', 'first', 60_000)).toBe(true);
    expect(await two.acquire('work', 'second', 60_000)).toBe(false);
    const save = (store: Store, holder: string): Promise<void> =>
      store.saveCorrelation({
        incidents: [anIncident({ id: `by ${holder}` })],
        correlated: new Map(),
        merged: new Map(),
        nowMs,
        lease: { name: 'work', holder },
      });
    await save(one, 'first');
    // Its time is over by the database's clock; nobody moved ours.
    await database.query('UPDATE leases SET expires_at = 0');
    expect(await two.acquire('work', 'second', 60_000)).toBe(true);
    await expect(save(one, 'first')).rejects.toMatchObject({ code: 'lease-lost' });
    await save(two, 'second');
    expect((await two.openIncidents(10)).map(({ id }) => id).toSorted())
      .toEqual(['by first', 'by second']);
    await two.release('work', 'second');
    expect(await one.acquire('work', 'third', 60_000)).toBe(true);
  });

  test('of many that ask at once one gets the lease', async () => {
    const all = await Promise.all([replica(), replica(), replica()]);
    const got = await Promise.all(all.flatMap((store, n) =>
      Array.from({ length: 10 }, (_, m) => store.acquire('work', `holder ${n} ${m}`, 60_000))));
    expect(got.filter((isOurs) => isOurs).length).toBe(1);
  });
});

describe('notifications', () => {
  test('another replica hears of a commit', async () => {
    const [one, two] = [await replica(), await replica()];
    const reads = reader(two);
    let isHeard = false;
    two.onChange(() => {
      isHeard = true;
    });
    await commit(one, [anAlert({ id: 'a' })]);
    await vi.waitUntil(() => isHeard, { timeout: 10_000 });
    await reads.read();
    expect(reads.ids()).toEqual(['a']);
  });

  test('connections that the server cuts lose no change, and are made again', async () => {
    const [one, two] = [await replica(), await replica()];
    const reads = reader(two);
    let reading: Promise<void> = Promise.resolve();
    two.onChange(() => {
      reading = reading.then(() => reads.read()).catch(() => undefined);
    });
    for (let round = 0; round < 4; round += 1) {
      await database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`);
      // The pool's own connections were cut, too: a commit may fail, and is sent again.
      await vi.waitUntil(() =>
        commit(one, [anAlert({ id: `a${round}` })]).then(() => true, () => false));
      await vi.waitUntil(() => reads.ids().includes(`a${round}`), { timeout: 10_000 });
    }
    await reading;
    await vi.waitUntil(async () => (await database.query(`SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'LISTEN%'`)).length === 2,
    { timeout: 10_000 });
    expect(new Set(reads.ids())).toEqual(new Set(['a0', 'a1', 'a2', 'a3']));
  });
});

describe('partitions', () => {
  const partitions = async (): Promise<readonly unknown[]> =>
    (await database.query(`SELECT c.relname AS name FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'alerts'::regclass ORDER BY 1`))
      .map(({ name }) => name);

  test('an alert that grows on a later day stays one alert', async () => {
    const store = await replica();
    await commit(store, [anAlert({ id: 'a' })]);
    nowMs += 5 * DAY_MS;
    await Promise.all([
      commit(store, [anAlert({ id: 'a', revision: 2 }), anAlert({ id: 'b' })]),
      commit(await replica(), [anAlert({ id: 'b', revision: 2 })], 'n2'),
    ]);
    expect(await database.query('SELECT id, day::int, revision::int FROM alerts ORDER BY id'))
      .toEqual([{ id: 'a', day: 20_513, revision: 2 }, { id: 'b', day: 20_518, revision: 2 }]);
    await store.saveCorrelation({
      incidents: [],
      correlated: new Map([['a', aPlace('i', 2)]]),
      merged: new Map(),
      nowMs,
    });
    expect((await store.readAlert('a'))?.incidentId).toBe('i');
    expect((await store.uncorrelatedAlerts(9)).map(({ alert }) => alert.id)).toEqual(['b']);
  });

  test('are there before midnight, and go as a whole when they are too old', async () => {
    const store = await replica();
    expect(await partitions()).toEqual(['alerts_20260301', 'alerts_20260302', 'alerts_20260303']);
    for (let day = 0; day < 4; day += 1) {
      await commit(store, [anAlert({ id: `a${day}` }), anAlert({ id: `b${day}` })]);
      nowMs += DAY_MS;
    }
    expect(await store.retain({ ageMs: 2 * DAY_MS, alertsMax: 1_000 }, nowMs)).toBe(4);
    expect((await store.listAlerts({}, { limit: 10 })).map(({ alert }) => alert.id).toSorted())
      .toEqual(['a2', 'a3', 'b2', 'b3']);
    expect((await partitions())[0]).toBe('alerts_20260303');
    expect(await database.query('SELECT id FROM alert_days ORDER BY id')).toHaveLength(4);
    expect(await store.changesAfter(0, 100)).toHaveLength(4);
    expect(await store.readAlert('a0')).toBeUndefined();
    // It comes again, after it was deleted: a new alert of today.
    await commit(store, [anAlert({ id: 'a0', revision: 7 })]);
    expect((await store.readAlert('a0'))?.alert.revision).toBe(7);
  });

  test('too many alerts of one day go row by row, and their ids with them', async () => {
    const store = await replica();
    for (let n = 0; n < 12; n += 1) await commit(store, [anAlert({ id: `a${n}` })]);
    await store.retain({ ageMs: 9 * DAY_MS, alertsMax: 5 }, nowMs);
    expect(await database.query('SELECT 1 FROM alert_days')).toHaveLength(5);
    expect(await store.counts()).toMatchObject({ alerts: 5 });
  });
});
