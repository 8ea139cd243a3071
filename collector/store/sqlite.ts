import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';

import type { SqliteDatabase, SqliteStatement } from 'kysely';

import { StoreFailure } from './faces.ts';

/**
 * What Kysely's SQLite dialect needs, over Node's own SQLite. Statements are kept prepared, keyed
 * by their text: Kysely asks for the same few again and again.
 */
const STATEMENTS_MAX = 256;
const BUSY_TIMEOUT_MS = 500;

export function openSqlite(path: string): SqliteDatabase {
  const database = open(path);
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => {
      statements.clear();
      database.close();
    },
    prepare: (sql) => {
      const known = statements.get(sql);
      if (known) return known;
      const statement = adapt(database.prepare(sql));
      if (statements.size >= STATEMENTS_MAX) {
        for (const oldest of statements.keys()) {
          statements.delete(oldest);
          break;
        }
      }
      statements.set(sql, statement);
      return statement;
    },
  };
}

function open(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    // Alerts hold command lines of production: nobody else on the machine reads them. The -wal and
    // -shm files take over the mode of the database file.
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    // Exclusive: two collectors on one file would execute each response twice.
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON;
      PRAGMA trusted_schema = OFF;
      BEGIN IMMEDIATE; COMMIT;
    `);
    return database;
  } catch (error) {
    database?.close();
    const busy = error instanceof Error && /locked|busy/.test(error.message);
    throw new StoreFailure(
      busy ? 'store-in-use' : 'store-open',
      busy
        ? `the store ${path} is in use by another process`
        : `the store ${path} cannot be opened: ${
          error instanceof Error ? error.message : String(error)
        }`,
      { cause: error },
    );
  }
}

function adapt(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...parameters.map(bindable)),
    run: (parameters) => statement.run(...parameters.map(bindable)),
    iterate: (parameters) => statement.iterate(...parameters.map(bindable)),
  };
}

function bindable(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === undefined) return null;
  return value as SQLInputValue;
}
