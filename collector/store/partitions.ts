import { sql } from 'kysely';

import type { AlertDays } from './dialect.ts';
import type { Db, Tx } from './tables.ts';

/**
 * Alerts on PostgreSQL lie in one partition per day of their first arrival, and retention drops
 * whole days: deleting a day of alerts row by row would write as much again as storing them.
 *
 * An alert comes again with a higher revision, maybe days later, and no unique index spans
 * partitions. So `alert_days` (id → day, its primary key the id) is written first: whoever stores
 * an id first says its day, everybody else gets that day back and meets the row in its partition.
 * That is one more small row and one more statement per batch; deriving the day from a time in the
 * alert would save both, and let an agent with a wrong clock, or a liar, store an id twice.
 */
const DAY_MS = 86_400_000;
/** Made before midnight needs them. */
const DAYS_AHEAD = 2;
/** Dropping waits for readers of all alerts, and all others wait for it meanwhile: not for long. */
const DROP_LOCK_MS = 3_000;
const DAYS_REMEMBERED_MAX = 64;

const dayOf = (nowMs: number): number => Math.floor(nowMs / DAY_MS);

/** `alerts_20261231` */
const partitionOf = (day: number): string =>
  `alerts_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`;

export type Exclusively = <T>(db: Db, work: (tx: Tx) => Promise<T>) => Promise<T>;

/** Partitions that are known to be there; a set, because replicas' clocks differ at midnight. */
export function createPartitions(exclusively: Exclusively) {
  const prepared = new Set<number>();
  const prepare = async (db: Db, nowMs: number): Promise<void> => {
    const today = dayOf(nowMs);
    if (prepared.has(today)) return;
    await exclusively(db, async (tx) => {
      for (let day = today; day <= today + DAYS_AHEAD; day += 1) await create(tx, day);
    });
    if (prepared.size >= DAYS_REMEMBERED_MAX) prepared.clear();
    prepared.add(today);
  };
  return {
    prepareDay: prepare,
    claimDays: (tx: Tx, ids: readonly string[], nowMs: number) => claim(tx, ids, dayOf(nowMs)),
    daysOf,
    dropDaysBefore: async (db: Db, beforeMs: number): Promise<number> => {
      let deleted = 0;
      for (const day of await existing(db)) {
        if (day >= dayOf(beforeMs)) continue;
        prepared.delete(day);
        deleted += await exclusively(db, (tx) => drop(tx, day));
      }
      return deleted;
    },
  };
}

/** Attached, not created as a partition: that would lock out everybody who reads alerts. */
async function create(tx: Tx, day: number): Promise<void> {
  const name = partitionOf(day);
  const { rows } = await sql<{ there: boolean }>`
    SELECT to_regclass(${name}) IS NOT NULL AS there`.execute(tx);
  if (rows[0]?.there === true) return;
  await sql`CREATE TABLE ${sql.table(name)} (LIKE alerts INCLUDING DEFAULTS)`.execute(tx);
  await sql`
    ALTER TABLE alerts ATTACH PARTITION ${sql.table(name)}
    FOR VALUES FROM (${sql.lit(day)}) TO (${sql.lit(day + 1)})`.execute(tx);
}

async function existing(db: Db): Promise<readonly number[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'alerts'::regclass ORDER BY c.relname`.execute(db);
  return rows.flatMap(({ name }) => {
    const match = /^alerts_(\d{4})(\d\d)(\d\d)$/.exec(name);
    if (match === null) return [];
    return [dayOf(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])))];
  });
}

async function drop(tx: Tx, day: number): Promise<number> {
  await sql`SELECT set_config('lock_timeout', ${String(DROP_LOCK_MS)}, true)`.execute(tx);
  const gone = await tx.deleteFrom('alert_days').where('day', '=', day).executeTakeFirstOrThrow();
  await sql`DROP TABLE IF EXISTS ${sql.table(partitionOf(day))}`.execute(tx);
  return Number(gone.numDeletedRows);
}

/** Each statement locks its rows to the end of the transaction; `ids` come in one order. */
async function claim(tx: Tx, ids: readonly string[], today: number): Promise<AlertDays> {
  const rows = await tx.insertInto('alert_days')
    .values(ids.map((id) => ({ id, day: today })))
    .onConflict((conflict) =>
      // Written, not passed over: only a written row is locked and given back.
      conflict.column('id').doUpdateSet((eb) => ({ day: eb.ref('alert_days.day') })))
    .returning(['id', 'day'])
    .execute();
  return new Map(rows.map(({ id, day }) => [id, day]));
}

async function daysOf(db: Db | Tx, ids: readonly string[]): Promise<AlertDays> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('alert_days').select(['id', 'day']).where('id', 'in', ids)
    .execute();
  return new Map(rows.map(({ id, day }) => [id, day]));
}
