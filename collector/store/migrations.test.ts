import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { anAlert } from '../testing/alerts.ts';
import { aResponse, anIncident } from '../testing/records.ts';
import { migrations } from './migrations.ts';
import { openStore } from './open-store.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-migrations-'));
  path = join(folder, 'collector.db');
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A file as the first version left it. */
function oldStore(fill: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(path);
  database.exec(`CREATE TABLE migrations (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL);
    ${migrations[0]?.sql ?? ''}
    INSERT INTO migrations VALUES (1, 'the first tables', 0);`);
  fill(database);
  database.close();
}

test('what the first version recorded becomes the beginning of the chain', async () => {
  oldStore((database) => {
    const insert = database.prepare('INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)');
    for (let n = 1; n <= 1_200; n += 1) insert.run(n, n, 'anna', 'a', 's', '{}');
  });
  const store = await openStore({ path });
  await store.appendAudit({ atMs: 1, actor: 'anna', action: 'a', subject: 's', detail: {} });
  expect(await store.verifyAudit()).toEqual({ ok: true, rows: 1_201 });
  await store.close();
});

test('old responses count in the scopes that are new', async () => {
  oldStore((database) => {
    const response = aResponse({ executedAtMs: 5 });
    database.prepare('INSERT INTO responses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      1, 'r', 1, 'verified', 'shop', 'uid', 'kill', 'i', 5, 5, JSON.stringify(response));
  });
  const store = await openStore({ path });
  expect(await store.countExecuted({ cluster: 'c1', node: 'node-1' }, 0)).toBe(1);
  await store.close();
});

test('positions of the live stream go on above those that were given out', async () => {
  oldStore((database) => {
    database.exec(`INSERT INTO changes (kind, id) VALUES ('gap', '{"a":1}'), ('gap', '{"b":2}');
      DELETE FROM changes WHERE position = 2;`);
  });
  const store = await openStore({ path });
  expect(await store.newestChange()).toBeGreaterThanOrEqual(2);
  expect(await store.changesAfter(0, 10)).toHaveLength(1);
  await store.close();
});

test('old alerts and incidents are found by what is new: pods, words, work', async () => {
  oldStore((database) => {
    const alert = anAlert({ pod: 'web-9', reason: { en: 'a needle', zh: '' } });
    const insert = database.prepare(
      'INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    for (let n = 1; n <= 700; n += 1) {
      insert.run(n, `a${n}`, 1, 'anomaly', 3, 'node-1', 'shop', 'i', ',T1059,', '', 1, n,
        JSON.stringify({ ...alert, id: `a${n}` }));
    }
    database.prepare('INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?)').run(
      7, 'incident-1', 3, 'open', 'shop', 5, JSON.stringify(anIncident({ revision: 3 })));
  });
  const store = await openStore({ path });
  const search = { scope: 'all', pod: 'web-9', q: 'NEEDLE' } as const;
  expect((await store.pageAlerts(search, { limit: 1_000 })).rows).toHaveLength(700);
  expect(await store.readWorkedIncident('incident-1'))
    .toMatchObject({ number: 7, work: { revision: 0, closed: null } });
  await store.close();
});
