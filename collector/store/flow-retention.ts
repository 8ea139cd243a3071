import { sql } from 'kysely';

import type { FlowLimits, FlowsKept } from '../flows/flow-store.ts';
import { DAY_MINUTES, HOUR_MINUTES, MINUTE_MS, tally } from './flow-chunks.ts';
import { compactFlows } from './flow-compaction.ts';
import { cutSpans } from './flow-spans.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Db, Tx } from './tables.ts';

/**
 * Keeps the ledger within its limits: what is too old goes; older minutes are joined into hours; of
 * what is too much the oldest goes, too, and its time counts as not watched; then the names go that
 * nothing uses any more. A bounded number of rows per transaction, so that agents get their turn.
 */
const ROWS_PER_PASS = 2_000;
/** A chunk of an hour has up to some 100 kB. */
const CHUNKS_PER_PASS = 200;
const PASSES_MAX = 2_000;
const SPANS_MAX = 1_000_000;
const REACH_MAX = 1_000_000;

type FlowRetention = FlowLimits & { readonly nowMs: number; readonly isOver: () => boolean };

export async function retainFlows(
  context: StoreContext,
  { ageMs, minutesMs, rowsMax, nowMs, isOver }: FlowRetention,
): Promise<FlowsKept> {
  const { db } = context;
  const beforeMs = nowMs - ageMs;
  const lastSlot = Math.floor(beforeMs / MINUTE_MS) - HOUR_MINUTES;
  const deletedByAge = await deleteOldest(context, { lastSlot });
  // Joining first: it may make room enough.
  const joined = await compactFlows(context, nowMs - minutesMs, isOver);
  const deletedByBound = await deleteOldest(context, { rowsMax });
  await forgetUnused(context, Math.floor(nowMs / MINUTE_MS / DAY_MINUTES));
  await forgetOld(db, { table: 'flow_reach', column: 'last_at', max: REACH_MAX, beforeMs });
  await forgetOld(db, { table: 'flow_spans', column: 'to_at', max: SPANS_MAX, beforeMs });
  return { deletedByAge, deletedByBound, ...joined };
}

export async function countFlows(db: Db | Tx): Promise<{
  readonly minuteFlows: number;
  readonly hourFlows: number;
}> {
  const row = await db.selectFrom('flow_days').select(({ fn }) => [
    fn.sum<number | null>('minute_flows').as('minutes'),
    fn.sum<number | null>('hour_flows').as('hours'),
  ]).executeTakeFirst();
  return { minuteFlows: row?.minutes ?? 0, hourFlows: row?.hours ?? 0 };
}

type Which = { readonly lastSlot: number } | { readonly rowsMax: number };

async function deleteOldest(context: StoreContext, which: Which): Promise<number> {
  let deleted = 0;
  for (let passes = 0; passes < PASSES_MAX; passes += 1) {
    const flows = await transact(context, (tx) => deleteSome(tx, which));
    deleted += flows;
    if (flows === 0) break;
  }
  return deleted;
}

async function deleteSome(tx: Tx, which: Which): Promise<number> {
  let query = tx.selectFrom('flow_chunks').select(['number', 'flows'])
    .orderBy('slot').orderBy('number').limit(CHUNKS_PER_PASS);
  if ('lastSlot' in which) query = query.where('slot', '<=', which.lastSlot);
  let excess = Infinity;
  if ('rowsMax' in which) {
    const { minuteFlows, hourFlows } = await countFlows(tx);
    excess = minuteFlows + hourFlows - which.rowsMax;
    if (excess <= 0) return 0;
  }
  const chosen: number[] = [];
  for (const { number, flows } of await query.execute()) {
    if (excess <= 0) break;
    excess -= flows;
    chosen.push(number);
  }
  if (chosen.length === 0) return 0;
  const deleted = await tx.deleteFrom('flow_chunks').where('number', 'in', chosen)
    .returning(['slot', 'minutes', 'flows']).execute();
  await tally(tx, deleted, -1);
  const end = Math.max(...deleted.map(({ slot, minutes }) => slot + minutes), 0);
  await cutSpans(tx, end * MINUTE_MS);
  return deleted.reduce((sum, { flows }) => sum + flows, 0);
}

/**
 * A chunk lies in the day of its arrival or before, or in the hour after it, and a replica's clock
 * may differ: a day is left between what is used and what is forgotten.
 */
async function forgetUnused(context: StoreContext, today: number): Promise<void> {
  const { db } = context;
  const oldest = await oldestSlot(db);
  const day = Math.min(today, oldest === undefined ? today : Math.floor(oldest / DAY_MINUTES)) - 1;
  await forget(context, (tx) => forgetNames(tx, 'flow_actors', day));
  await forget(context, (tx) => forgetNames(tx, 'flow_peers', day));
  await db.deleteFrom('flow_days').where('day', '<', day).execute();
}

export async function oldestSlot(db: Db): Promise<number | undefined> {
  const row = await db.selectFrom('flow_chunks').select('slot').orderBy('slot').limit(1)
    .executeTakeFirst();
  return row?.slot;
}

async function forget(context: StoreContext, pass: (tx: Tx) => Promise<number>): Promise<void> {
  for (let passes = 0; passes < PASSES_MAX; passes += 1) {
    if (await transact(context, pass) < ROWS_PER_PASS) return;
  }
}

async function forgetNames(
  tx: Tx,
  table: 'flow_actors' | 'flow_peers',
  before: number,
): Promise<number> {
  const { numAffectedRows } = await sql`
    DELETE FROM ${sql.table(table)} WHERE id IN (
      SELECT id FROM ${sql.table(table)} WHERE last_day < ${before}
      ORDER BY last_day LIMIT ${ROWS_PER_PASS}
    )`.execute(tx);
  return Number(numAffectedRows ?? 0n);
}

type Old = {
  readonly table: 'flow_reach' | 'flow_spans';
  readonly column: string;
  readonly max: number;
  readonly beforeMs: number;
};

/** Rows that are as old as the oldest of those that may stay go with those before it. */
async function forgetOld(db: Db, { table, column, max, beforeMs }: Old): Promise<void> {
  const at = sql.ref(column);
  const { rows } = await sql<{ at: number }>`
    SELECT ${at} AS at FROM ${sql.table(table)} ORDER BY ${at} DESC LIMIT 1 OFFSET ${max}`
    .execute(db);
  const bound = Math.max(beforeMs, (rows[0]?.at ?? -1) + 1);
  await sql`DELETE FROM ${sql.table(table)} WHERE ${at} < ${bound}`.execute(db);
}
