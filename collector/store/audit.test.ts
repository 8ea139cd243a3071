import { DatabaseSync } from 'node:sqlite';

import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import type { AuditEntry } from '../respond/response-store.ts';
import { hashOf } from './audit-chain.ts';
import type { Store } from './faces.ts';
import { openStore } from './open-store.ts';

describe.each(storeKinds)('the audit on %s', (kind) => {
  let place: StorePlace;
  let store: Store;

  beforeAll(async () => {
    place = await storePlace(kind);
  });

  afterAll(() => place.remove());

  beforeEach(async () => {
    await place.empty();
    store = await openStore({ path: place.path });
  });

  afterEach(async () => {
    await store.close();
  });

  const entry = (n: number, over: Partial<AuditEntry> = {}): AuditEntry =>
    ({ atMs: n, actor: 'anna', action: 'response.approve', subject: `r${n}`, detail: { n }, ...over });

  const append = async (count: number): Promise<void> => {
    for (let n = 1; n <= count; n += 1) await store.appendAudit(entry(n));
  };

  /** As somebody who has the database's password, or the file. */
  async function forge(sql: string): Promise<void> {
    if (kind === 'PostgreSQL') {
      const client = new pg.Client(place.path);
      await client.connect();
      await client.query(sql);
      await client.end();
      return;
    }
    await store.close();
    const database = new DatabaseSync(place.path);
    database.exec(sql);
    database.close();
    store = await openStore({ path: place.path });
  }

  test('a chain that nobody touched is whole, and each record names the one before', async () => {
    await append(5);
    expect(await store.verifyAudit()).toEqual({ ok: true, rows: 5 });
    const rows = await store.listAudit({ limit: 10 });
    expect(rows.map(({ number }) => number)).toEqual([5, 4, 3, 2, 1]);
    for (const [index, row] of rows.entries()) {
      expect(row.previousHash).toBe(rows[index + 1]?.hash ?? '0'.repeat(64));
    }
  });

  test('the hash is what its description says', async () => {
    await store.appendAudit(entry(1, { detail: { z: 1, a: 'ü' } }));
    const [row] = await store.listAudit({ limit: 1 });
    expect(row?.hash).toBe(hashOf({
      number: 1,
      at: 1,
      actor: 'anna',
      action: 'response.approve',
      subject: 'r1',
      detail: '{"z":1,"a":"ü"}',
      previous_hash: '0'.repeat(64),
    }));
    expect(row?.hash).toBe('c194235496b21cfe2b4b9e72e78eb99b3cc92760849489e2f4a151c076ff7d78');
  });

  test('text that is not well-formed is stored and verified as what can be stored', async () => {
    const text = `x\u0000\ud800'; DROP TABLE audit; --`;
    await store.appendAudit(entry(1, { actor: text, subject: text, detail: { text } }));
    expect(await store.verifyAudit()).toEqual({ ok: true, rows: 1 });
    const [row] = await store.listAudit({ limit: 1 });
    expect(row?.actor).toBe(`x\ufffd\ufffd'; DROP TABLE audit; --`);
    expect(row?.detail).toEqual({ text });
  });

  test.each([
    ['an edited actor', `UPDATE audit SET actor = 'bert' WHERE number = 3`, 3, /changed/],
    ['an edited detail', `UPDATE audit SET detail = '{"n":9}' WHERE number = 3`, 3, /changed/],
    ['an edited time', `UPDATE audit SET at = 9 WHERE number = 5`, 5, /changed/],
    ['a deleted record', `DELETE FROM audit WHERE number = 3`, 3, /missing/],
    ['a deleted beginning', `DELETE FROM audit WHERE number <= 2`, 1, /missing/],
    ['a deleted end', `DELETE FROM audit WHERE number >= 4`, 4, /missing/],
    ['everything deleted', `DELETE FROM audit`, 1, /missing/],
    ['two records exchanged', `
      UPDATE audit SET number = 99 WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3;
      UPDATE audit SET number = 3 WHERE number = 99`, 2, /follow/],
    ['a deleted record with the rest moved up', `
      DELETE FROM audit WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3;
      UPDATE audit SET number = 3 WHERE number = 4; UPDATE audit SET number = 4 WHERE number = 5;
      UPDATE counters SET value = 4 WHERE name = 'audit'`, 2, /follow/],
    ['a copied hash', `
      UPDATE audit SET hash = (SELECT hash FROM audit WHERE number = 2) WHERE number = 3`, 3,
    /changed/],
  ])('%s is found, at its place', async (_, sql, at, problem) => {
    await append(5);
    await forge(sql);
    const verdict = await store.verifyAudit();
    expect(verdict).toMatchObject({ ok: false, at, problem: expect.stringMatching(problem) });
  });

  test('a chain longer than one read is verified to its end', async () => {
    for (let start = 0; start < 1_050; start += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, n) => store.appendAudit(entry(start + n))));
    }
    expect(await store.verifyAudit()).toEqual({ ok: true, rows: 1_050 });
    await forge(`UPDATE audit SET subject = 'x' WHERE number = 1040`);
    expect(await store.verifyAudit()).toMatchObject({ ok: false, at: 1_040 });
  });

  test('is searched by who, what, on what and when, without regard to case', async () => {
    await append(3);
    await store.appendAudit(entry(4, { actor: 'Li.Wei@bank', action: 'policy.loaded' }));
    await store.appendAudit(entry(5, { actor: 'li.wei@bank', action: 'policy' }));
    await store.appendAudit(entry(6, { action: 'policyfoo', subject: `100% 'x'_` }));
    const numbers = async (filter: Parameters<Store['findAudit']>[0]): Promise<unknown> =>
      (await store.findAudit(filter, { limit: 10 })).rows.map(({ number }) => number);
    expect(await numbers({})).toEqual([6, 5, 4, 3, 2, 1]);
    expect(await numbers({ actor: 'LI.WEI' })).toEqual([5, 4]);
    expect(await numbers({ action: 'policy' })).toEqual([5, 4]);
    expect(await numbers({ action: 'policy.loaded' })).toEqual([4]);
    expect(await numbers({ subject: `0% 'X'_` })).toEqual([6]);
    expect(await numbers({ fromMs: 2, toMs: 4 })).toEqual([3, 2]);
    expect(await numbers({ action: 'response', subject: 'r2' })).toEqual([2]);
  });

  test('a search goes on where the page before it ended', async () => {
    await append(5);
    const first = await store.findAudit({ actor: 'anna' }, { limit: 2 });
    expect(first.rows.map(({ number }) => number)).toEqual([5, 4]);
    const rest = await store.findAudit({ actor: 'anna' },
      { limit: 10, ...(first.next === undefined ? {} : { before: first.next }) });
    expect(rest.rows.map(({ number }) => number)).toEqual([3, 2, 1]);
    expect(rest.next).toBeUndefined();
  });

  test('retention leaves it whole', async () => {
    await append(3);
    await store.retain({ ageMs: 0, alertsMax: 0 }, Date.now());
    expect(await store.verifyAudit()).toEqual({ ok: true, rows: 3 });
  });

  test('what two stores append at once is one chain', async () => {
    const other = kind === 'PostgreSQL' ? await openStore({ path: place.path }) : store;
    await Promise.all(Array.from({ length: 60 }, (_, n) =>
      (n % 2 === 0 ? store : other).appendAudit(entry(n))));
    if (other !== store) await other.close();
    expect(await store.verifyAudit()).toEqual({ ok: true, rows: 60 });
  });
});
