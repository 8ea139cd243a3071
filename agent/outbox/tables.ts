/**
 * The outbox's file. `alert` holds what the collector has not acknowledged: `sequence` is null
 * until an alert becomes part of a batch, and from then on the row does not change, because
 * (node, epoch, sequence) names the same batch for ever. `gap` is the same for holes in the
 * picture, `flow_chunk` for the flow ledger. `summary` counts what had to be folded.
 */
import { DatabaseSync } from 'node:sqlite';

const SCHEMA_VERSION = 3;
const BUSY_TIMEOUT_MS = 2_000;
/** The write-ahead log is cut back to this after a checkpoint. */
const JOURNAL_BYTES_MAX = 4 * 1_024 * 1_024;

const GAP = `
  CREATE TABLE gap (
    row INTEGER PRIMARY KEY,
    from_time TEXT NOT NULL,
    to_time TEXT NOT NULL,
    cause TEXT NOT NULL,
    events_estimate INTEGER NOT NULL,
    sequence INTEGER
  ) STRICT;
  CREATE INDEX gap_batch ON gap (sequence);
`;

const FLOWS = `
  CREATE TABLE flow_chunk (
    row INTEGER PRIMARY KEY,
    minute INTEGER NOT NULL,
    flows INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sequence INTEGER,
    document TEXT NOT NULL
  ) STRICT;
  CREATE INDEX flow_chunk_batch ON flow_chunk (sequence);
`;

const SCHEMA = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE alert (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sequence INTEGER,
    document TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX alert_unsent ON alert (id) WHERE sequence IS NULL;
  CREATE INDEX alert_foldable ON alert (rank, row) WHERE sequence IS NULL;
  CREATE INDEX alert_batch ON alert (sequence) WHERE sequence IS NOT NULL;
  CREATE TABLE summary (
    severity TEXT NOT NULL,
    namespace TEXT NOT NULL,
    workload TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_time TEXT NOT NULL,
    last_time TEXT NOT NULL,
    PRIMARY KEY (severity, namespace, workload)
  ) STRICT, WITHOUT ROWID;
  ${GAP}
  ${FLOWS}
`;

/** Version 1 kept gaps as JSON and sent them beside the batches. */
const FROM_1 = `
  ALTER TABLE gap RENAME TO gap_1;
  ${GAP}
  INSERT INTO gap (from_time, to_time, cause, events_estimate)
    SELECT document ->> 'from', document ->> 'to', document ->> 'cause',
      document ->> 'eventsEstimate'
    FROM gap_1
    WHERE document ->> 'cause' IN ('falco-drop', 'falco-restart', 'falco-silent', 'overload')
    ORDER BY row;
  DROP TABLE gap_1;
`;

export type OpenedTables = { readonly database: DatabaseSync; readonly isNew: boolean };

/** Throws SQLite's error when the file is broken, locked or not ours. */
export function openTables(path: string): OpenedTables {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    // One agent owns the file: a second one fails here instead of sending everything twice.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    // Before the first table, or it has no effect.
    database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    database.exec('PRAGMA journal_mode = WAL');
    // An alert is durable when `put` returns, also when the node loses power right then.
    database.exec('PRAGMA synchronous = FULL');
    database.exec(`PRAGMA journal_size_limit = ${JOURNAL_BYTES_MAX}`);
    database.exec('BEGIN IMMEDIATE; COMMIT');
    const version = pragma(database, 'user_version');
    if (version === 0) change(database, SCHEMA);
    else if (version > SCHEMA_VERSION) throw foreignSchema(version);
    else checkIntegrity(database);
    if (version === 1) change(database, FROM_1);
    if (version === 1 || version === 2) change(database, FLOWS);
    return { database, isNew: version === 0 };
  } catch (error) {
    database.close();
    throw error;
  }
}

function change(database: DatabaseSync, sql: string): void {
  database.exec(`BEGIN IMMEDIATE; ${sql} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}

function checkIntegrity(database: DatabaseSync): void {
  const [result] = database.prepare('PRAGMA quick_check(1)').all();
  if (result?.['quick_check'] !== 'ok') {
    throw corrupt(`quick_check says ${String(result?.['quick_check'])}`);
  }
}

/** A newer agent's file after a roll-back is set aside like a broken one, and said so. */
const foreignSchema = (version: number): Error => corrupt(`schema version ${version} is not ours`);

const SQLITE_CORRUPT = 11;
const corrupt = (message: string): Error =>
  Object.assign(new Error(message), { errcode: SQLITE_CORRUPT });

export function pragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return Number(row?.[name] ?? 0);
}
