import { sql } from 'kysely';

import { MINUTE_MS } from './flow-writer.ts';
import { dropPart, newestPart } from './flow-parts.ts';
import type { StoreContext } from './store-context.ts';
import { transact } from './store-context.ts';
import type { Db, Tx } from './tables.ts';

/**
 * Whole parts go, the oldest first; then the names that only they used, a bounded number of rows
 * per transaction. The part that is written to stays, whatever its age says.
 */
const ROWS_PER_PASS = 2_000;
const PASSES_MAX = 500;
const SPANS_MAX = 1_000_000;
const REACH_MAX = 1_000_000;

export type FlowLimits = { readonly ageMs: number; readonly rowsMax: number };

export async function retainFlows(
  context: StoreContext,
  { ageMs, rowsMax }: FlowLimits,
  nowMs: number,
): Promise<number> {
  const { db } = context;
  const beforeMs = nowMs - ageMs;
  const newest = await newestPart(db);
  const parts = await db.selectFrom('flow_parts').selectAll().orderBy('number').execute();
  let total = parts.reduce((sum, { flows }) => sum + flows, 0);
  let deleted = 0;
  let dropped = 0;
  for (const part of parts) {
    if (part.number === newest?.number) break;
    const isOld = part.last_minute * MINUTE_MS < beforeMs && part.created_at < beforeMs;
    if (!isOld && total <= rowsMax) continue;
    await dropPart(context, part);
    total -= part.flows;
    deleted += part.flows;
    dropped = part.number;
  }
  if (dropped > 0) {
    const lowest = await db.selectFrom('flow_parts')
      .select(({ fn }) => fn.min('number').as('number')).executeTakeFirst();
    await forget(context, (tx) => forgetNames(tx, 'flow_actors', lowest?.number ?? 0));
    await forget(context, (tx) => forgetNames(tx, 'flow_peers', lowest?.number ?? 0));
  }
  await forgetOld(db, { table: 'flow_reach', column: 'last_at', max: REACH_MAX, beforeMs });
  await forgetOld(db, { table: 'flow_spans', column: 'to_at', max: SPANS_MAX, beforeMs });
  return deleted;
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
      SELECT id FROM ${sql.table(table)} WHERE last_part < ${before}
      ORDER BY last_part LIMIT ${ROWS_PER_PASS}
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
