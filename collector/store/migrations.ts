import { sql } from 'kysely';

import { addressMigration } from './address-migration.ts';
import { FIRST_PREVIOUS_HASH, hashOf } from './audit-chain.ts';
import { deskMigration } from './desk-migration.ts';
import type { Dialect } from './dialect.ts';
import { flowMigration } from './flow-migration.ts';
import { flowPackingMigration } from './flow-packing-migration.ts';
import { imageMigration } from './image-migration.ts';
import { outputMigration } from './output-migration.ts';
import type { Db, Tx } from './tables.ts';

/**
 * Numbered and immutable: a migration that was released is never edited, only followed. Each runs
 * in a transaction with the row that records it, so a crash leaves it done or not begun; under a
 * lock, because two collectors may start at once.
 */
type Migration = {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly postgres?: string;
  readonly sqlite?: string;
  /** What SQL cannot say. */
  readonly run?: (tx: Tx) => Promise<void>;
};

export const migrations: readonly Migration[] = [{
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
}, {
  number: 2,
  name: 'several collectors',
  // Before this there was no store on PostgreSQL: its tables are empty.
  postgres: `
    DROP TABLE alerts;
    CREATE SEQUENCE alerts_number;
    CREATE TABLE alerts (
      number INTEGER NOT NULL DEFAULT nextval('alerts_number'),
      id TEXT NOT NULL,
      day INTEGER NOT NULL,
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
      document TEXT NOT NULL,
      PRIMARY KEY (id, day)
    ) PARTITION BY RANGE (day);
    CREATE INDEX alerts_by_number ON alerts (number);
    CREATE INDEX alerts_uncorrelated ON alerts (number) WHERE correlated_revision < revision;
    CREATE INDEX alerts_incident ON alerts (incident_id, number) WHERE incident_id <> '';
    CREATE TABLE alert_days (id TEXT PRIMARY KEY, day INTEGER NOT NULL);
    CREATE INDEX alert_days_day ON alert_days (day);
    CREATE TABLE commands (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      cluster TEXT NOT NULL,
      node TEXT NOT NULL,
      frame TEXT NOT NULL,
      state TEXT NOT NULL,
      outcome TEXT,
      document BLOB,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    );
    CREATE INDEX commands_waiting ON commands (number) WHERE state = 'waiting';
  `,
  sqlite: `
    ALTER TABLE alerts ADD COLUMN day INTEGER NOT NULL DEFAULT 0;
  `,
  sql: `
    ALTER TABLE responses ADD COLUMN cluster TEXT NOT NULL DEFAULT '';
    ALTER TABLE responses ADD COLUMN workload TEXT NOT NULL DEFAULT '';
    ALTER TABLE responses ADD COLUMN node TEXT NOT NULL DEFAULT '';
    ALTER TABLE responses ADD COLUMN reverse_at INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX responses_executed_at ON responses (executed_at) WHERE executed_at > 0;
    CREATE INDEX responses_reverse ON responses (reverse_at) WHERE reverse_at > 0;
    CREATE INDEX responses_incident ON responses (incident_id, number);
    CREATE INDEX changes_gaps ON changes (position) WHERE kind = 'gap';
    CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
    -- Retention may have deleted the highest that was given out.
    INSERT INTO counters SELECT 'changes', COALESCE(MAX(position) + 1000000, 0) FROM changes;
    INSERT INTO counters VALUES ('decisions', 0);
    INSERT INTO counters SELECT 'audit', COALESCE(MAX(number), 0) FROM audit;
    ALTER TABLE audit ADD COLUMN previous_hash TEXT NOT NULL DEFAULT '';
    ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT '';
    CREATE TABLE decisions (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      undone INTEGER NOT NULL,
      document TEXT NOT NULL
    );
    CREATE TABLE settings (
      name TEXT PRIMARY KEY,
      revision INTEGER NOT NULL,
      value TEXT NOT NULL
    );
    CREATE TABLE evidence (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      response_id TEXT NOT NULL,
      name TEXT NOT NULL,
      media_type TEXT NOT NULL,
      taken_at INTEGER NOT NULL,
      size INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      UNIQUE (response_id, name)
    );
    CREATE TABLE leases (
      name TEXT PRIMARY KEY,
      holder TEXT NOT NULL,
      expires_at INTEGER NOT NULL
    );
  `,
  run: async (tx) => {
    await chainOldAudit(tx);
    await nameOldTargets(tx);
  },
}, {
  number: 3,
  name: 'who may do what',
  sql: `
    CREATE TABLE access_tokens (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      hash TEXT NOT NULL,
      grants TEXT NOT NULL,
      created_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      last_used_at INTEGER NOT NULL,
      revoked_at INTEGER NOT NULL,
      revoked_by TEXT NOT NULL
    );
    -- Replicas without a shared file make a bootstrap token each.
    CREATE UNIQUE INDEX access_tokens_name ON access_tokens (name)
      WHERE revoked_at = 0 AND name <> 'bootstrap';
    CREATE TABLE access_sessions (
      hash TEXT PRIMARY KEY,
      holder TEXT NOT NULL,
      holder_key TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      last_seen_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    );
    CREATE INDEX access_sessions_holder ON access_sessions (holder_key, created_at);
    CREATE INDEX access_sessions_expires ON access_sessions (expires_at);
    CREATE TABLE access_codes (
      hash TEXT PRIMARY KEY,
      token_id TEXT NOT NULL,
      expires_at INTEGER NOT NULL
    );
    CREATE TABLE access_people (
      subject TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      folded_name TEXT NOT NULL UNIQUE,
      created_at INTEGER NOT NULL
    );
  `,
}, deskMigration, {
  number: 5,
  name: 'alert fatigue',
  sql: `
    ALTER TABLE alerts ADD COLUMN handling TEXT NOT NULL DEFAULT 'none';
    ALTER TABLE alerts ADD COLUMN handling_ref TEXT NOT NULL DEFAULT '';
    ALTER TABLE alerts ADD COLUMN handling_document TEXT NOT NULL DEFAULT '';
    CREATE INDEX alerts_handling_ref ON alerts (handling_ref, number) WHERE handling_ref <> '';
    CREATE TABLE suppressions (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      ends_at INTEGER NOT NULL,
      is_ended INTEGER NOT NULL,
      document TEXT NOT NULL,
      hits INTEGER NOT NULL,
      last_hit_at INTEGER NOT NULL
    );
    CREATE INDEX suppressions_ends ON suppressions (is_ended, ends_at);
    CREATE TABLE maintenance_windows (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      ends_at INTEGER NOT NULL,
      is_ended INTEGER NOT NULL,
      document TEXT NOT NULL
    );
    CREATE INDEX maintenance_windows_ends ON maintenance_windows (is_ended, ends_at);
    CREATE TABLE cool_downs (
      key TEXT PRIMARY KEY,
      alert_id TEXT NOT NULL,
      incident_id TEXT NOT NULL,
      raised_at INTEGER NOT NULL,
      until_at INTEGER NOT NULL,
      step INTEGER NOT NULL,
      last_seen INTEGER NOT NULL,
      event_count INTEGER NOT NULL
    );
    CREATE INDEX cool_downs_incident ON cool_downs (incident_id) WHERE incident_id <> '';
    CREATE INDEX cool_downs_seen ON cool_downs (last_seen);
    CREATE TABLE alert_tallies (
      image TEXT NOT NULL,
      day INTEGER NOT NULL,
      handling TEXT NOT NULL,
      alerts INTEGER NOT NULL,
      PRIMARY KEY (image, day, handling)
    );
    CREATE INDEX alert_tallies_day ON alert_tallies (day);
    CREATE TABLE coverage_points (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      profile_key TEXT NOT NULL,
      at INTEGER NOT NULL,
      coverage DOUBLE PRECISION NOT NULL,
      observations INTEGER NOT NULL,
      pods INTEGER NOT NULL,
      state TEXT NOT NULL
    );
    CREATE INDEX coverage_points_profile ON coverage_points (profile_key, at);
    CREATE INDEX coverage_points_at ON coverage_points (at);
    INSERT INTO counters VALUES ('fatigue', 0);
  `,
}, outputMigration, flowMigration, flowPackingMigration, imageMigration,
  addressMigration];

/** A store that holds what a newer version wrote. */
export class NewerStore extends Error {
  override readonly name = 'NewerStore';
}

export async function migrate({ db, dialect }: MigrateOptions, nowMs: number): Promise<void> {
  await dialect.exclusively(db, async (tx) => {
    await sql.raw(dialect.ddl(`CREATE TABLE IF NOT EXISTS migrations (
      number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL
    )`)).execute(tx);
  });
  const last = migrations.at(-1)?.number ?? 0;
  for (const migration of migrations) {
    await dialect.exclusively(db, async (tx) => {
      // Read under the lock: another collector may have just done it.
      const newest = await tx.selectFrom('migrations')
        .select(({ fn }) => fn.max('number').as('number'))
        .executeTakeFirst();
      const applied = newest?.number ?? 0;
      if (applied > last) {
        throw new NewerStore(`the store was written by a newer version (${applied} > ${last})`);
      }
      if (migration.number > applied) await apply(tx, dialect, migration, nowMs);
    });
  }
}

type MigrateOptions = { readonly db: Db; readonly dialect: Dialect };

async function apply(
  tx: Tx,
  dialect: Dialect,
  migration: Migration,
  nowMs: number,
): Promise<void> {
  const own = migration[dialect.name] ?? '';
  for (const statement of `${own};${migration.sql}`.split(';')) {
    if (statement.trim() !== '') await sql.raw(dialect.ddl(statement)).execute(tx);
  }
  await migration.run?.(tx);
  await tx.insertInto('migrations')
    .values({ number: migration.number, name: migration.name, applied_at: nowMs })
    .execute();
}

const ROWS_PER_READ = 500;

/** What was recorded before there was a chain becomes its beginning, as it stands now. */
async function chainOldAudit(tx: Tx): Promise<void> {
  let previous = { number: 0, hash: FIRST_PREVIOUS_HASH };
  for (;;) {
    const rows = await tx.selectFrom('audit').selectAll()
      .where('number', '>', previous.number).orderBy('number').limit(ROWS_PER_READ).execute();
    for (const row of rows) {
      const linked = { ...row, previous_hash: previous.hash };
      const hash = hashOf(linked);
      await tx.updateTable('audit').set({ previous_hash: previous.hash, hash })
        .where('number', '=', row.number).execute();
      previous = { number: row.number, hash };
    }
    if (rows.length < ROWS_PER_READ) return;
  }
}

async function nameOldTargets(tx: Tx): Promise<void> {
  let after = 0;
  for (;;) {
    const rows = await tx.selectFrom('responses').select(['number', 'document'])
      .where('number', '>', after).orderBy('number').limit(ROWS_PER_READ).execute();
    for (const { number, document } of rows) {
      const { target } = JSON.parse(document) as { target: { cluster: string; node: string } };
      await tx.updateTable('responses').set({ cluster: target.cluster, node: target.node })
        .where('number', '=', number).execute();
      after = number;
    }
    if (rows.length < ROWS_PER_READ) return;
  }
}
