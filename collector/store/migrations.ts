import { sql } from 'kysely';

import type { Db } from './tables.ts';

/**
 * Numbered and immutable: a migration that was released is never edited, only followed. Each runs
 * in a transaction with the row that records it, so a crash leaves it done or not begun.
 */
type Migration = { readonly number: number; readonly name: string; readonly sql: string };

const migrations: readonly Migration[] = [{
  number: 1,
  name: 'the first tables',
  sql: `
    CREATE TABLE agents (
      cluster TEXT NOT NULL,
      node TEXT NOT NULL,
      epoch TEXT NOT NULL,
      protocol INTEGER NOT NULL,
      agent_version TEXT NOT NULL,
      falco_version TEXT NOT NULL,
      capabilities TEXT NOT NULL,
      connected_at INTEGER NOT NULL,
      last_seen INTEGER NOT NULL,
      heartbeat TEXT,
      PRIMARY KEY (cluster, node)
    );
    CREATE TABLE batches (
      cluster TEXT NOT NULL,
      node TEXT NOT NULL,
      epoch TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      committed_at INTEGER NOT NULL,
      PRIMARY KEY (cluster, node, epoch)
    );
    CREATE TABLE alerts (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      revision INTEGER NOT NULL,
      kind TEXT NOT NULL,
      severity INTEGER NOT NULL,
      node TEXT NOT NULL,
      namespace TEXT NOT NULL,
      image TEXT NOT NULL,
      techniques TEXT NOT NULL,
      incident_id TEXT NOT NULL,
      correlated_revision INTEGER NOT NULL,
      received_at INTEGER NOT NULL,
      document TEXT NOT NULL
    );
    CREATE INDEX alerts_uncorrelated ON alerts (number) WHERE correlated_revision < revision;
    CREATE INDEX alerts_incident ON alerts (incident_id, number) WHERE incident_id <> '';
    CREATE INDEX alerts_received ON alerts (received_at);
    CREATE TABLE incidents (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      revision INTEGER NOT NULL,
      state TEXT NOT NULL,
      namespace TEXT NOT NULL,
      updated_at INTEGER NOT NULL,
      document TEXT NOT NULL
    );
    CREATE INDEX incidents_state ON incidents (state, updated_at);
    CREATE TABLE responses (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      revision INTEGER NOT NULL,
      state TEXT NOT NULL,
      namespace TEXT NOT NULL,
      pod_uid TEXT NOT NULL,
      action TEXT NOT NULL,
      incident_id TEXT NOT NULL,
      executed_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      document TEXT NOT NULL
    );
    CREATE INDEX responses_state ON responses (state, number);
    CREATE INDEX responses_pod ON responses (pod_uid);
    CREATE INDEX responses_executed ON responses (namespace, executed_at);
    CREATE TABLE profiles (
      key TEXT PRIMARY KEY,
      revision INTEGER NOT NULL,
      document BLOB NOT NULL,
      updated_at INTEGER NOT NULL
    );
    CREATE TABLE gaps (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      cluster TEXT NOT NULL,
      node TEXT NOT NULL,
      from_time TEXT NOT NULL,
      to_time TEXT NOT NULL,
      cause TEXT NOT NULL,
      events_estimate INTEGER NOT NULL,
      received_at INTEGER NOT NULL,
      UNIQUE (cluster, node, from_time, to_time, cause)
    );
    CREATE TABLE audit (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      at INTEGER NOT NULL,
      actor TEXT NOT NULL,
      action TEXT NOT NULL,
      subject TEXT NOT NULL,
      detail TEXT NOT NULL
    );
    CREATE TABLE changes (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      kind TEXT NOT NULL,
      id TEXT NOT NULL,
      UNIQUE (kind, id)
    );
  `,
}];

export async function migrate(db: Db, nowMs: number): Promise<void> {
  await sql`CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL
  )`.execute(db);
  const newest = await db.selectFrom('migrations')
    .select(({ fn }) => fn.max('number').as('number'))
    .executeTakeFirst();
  const applied = newest?.number ?? 0;
  const last = migrations.at(-1)?.number ?? 0;
  if (applied > last) {
    throw new Error(`the store was written by a newer version (${applied} > ${last})`);
  }
  for (const migration of migrations) {
    if (migration.number > applied) await apply(db, migration, nowMs);
  }
}

async function apply(db: Db, migration: Migration, nowMs: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const statement of migration.sql.split(';')) {
      if (statement.trim() !== '') await sql.raw(statement).execute(tx);
    }
    await tx.insertInto('migrations')
      .values({ number: migration.number, name: migration.name, applied_at: nowMs })
      .execute();
  });
}
