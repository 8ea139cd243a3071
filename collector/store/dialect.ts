import { sql } from 'kysely';
import type { Expression, RawBuilder } from 'kysely';

import type { Clock } from '../clock.ts';
import type { Db, Tx } from './tables.ts';

/**
 * All that differs between the two databases, so that the store's files are the same for both.
 * SQLite: one process owns the file and its transactions follow each other. PostgreSQL: other
 * replicas write at the same time, on other connections.
 */
export type AlertDays = ReadonlyMap<string, number>;

export type Dialect = {
  readonly name: 'sqlite' | 'postgres';
  /** What one alert is found by: PostgreSQL's partitions have the day in their keys. */
  readonly alertKey: readonly ('id' | 'day')[];
  /** The database's time, in milliseconds since 1970. */
  readonly nowMs: RawBuilder<number>;
  contains(text: Expression<string>, part: string): RawBuilder<boolean>;
  /** One transaction that runs alone among all collectors of this database. */
  exclusively<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Makes sure that alerts that arrive now have a place to go. */
  prepareDay(db: Db, nowMs: number): Promise<void>;
  /** The day of each alert: that of its first arrival, which is now for those that are new. */
  claimDays(tx: Tx, ids: readonly string[], nowMs: number): Promise<AlertDays>;
  /** The day of each alert that is stored (and, without partitions, of any other). */
  daysOf(db: Db | Tx, ids: readonly string[]): Promise<AlertDays>;
  /** Deletes the alerts of the days before that time, and gives back how many. */
  dropDaysBefore(db: Db, beforeMs: number): Promise<number>;
  /** Where one can ask whether an alert of some id is stored. */
  readonly alertIds: 'alerts' | 'alert_days';
  /** Tells the other replicas, at the commit. */
  notify(tx: Tx, channel: string): Promise<void>;
  /** DDL is written for SQLite; this makes it the database's own. */
  ddl(statement: string): string;
  /** Whether the rows were at fault, rather than the disk or the connection. */
  isDataError(error: unknown): boolean;
  /** Whether the transaction lost a race and may simply be tried again. */
  isRaceError(error: unknown): boolean;
};

export function sqliteDialect(clock: Clock): Dialect {
  return {
    name: 'sqlite',
    alertKey: ['id'],
    // One process owns the file: its own clock is the only one there is.
    get nowMs() {
      return sql<number>`${clock.now()}`;
    },
    contains: (text, part) => sql<boolean>`instr(${text}, ${part}) > 0`,
    alertIds: 'alerts',
    exclusively: (db, work) => db.transaction().execute(work),
    prepareDay: () => Promise.resolve(),
    claimDays: (_, ids) => Promise.resolve(allOnDayZero(ids)),
    daysOf: (_, ids) => Promise.resolve(allOnDayZero(ids)),
    dropDaysBefore: () => Promise.resolve(0),
    notify: () => Promise.resolve(),
    ddl: (statement) => statement,
    isDataError: () => true,
    isRaceError: () => false,
  };
}

const allOnDayZero = (ids: readonly string[]): AlertDays => new Map(ids.map((id) => [id, 0]));
