import { sql } from 'kysely';

import type { RetentionLimits } from './faces.ts';
import type { Db, Tx } from './tables.ts';

/**
 * Deletes what is too old or too much, a bounded number of rows per transaction so that the agents'
 * batches get their turn in between. The audit is not touched.
 */
const RETENTION_ROWS_PER_PASS = 2_000;
const PASSES_MAX = 500;
const INCIDENTS_MAX = 200_000;
const RESPONSES_MAX = 200_000;
const GAPS_MAX = 200_000;
const EPOCHS_MAX = 100_000;

type Limited = 'alerts' | 'incidents' | 'responses' | 'gaps';

export async function retain(db: Db, limits: RetentionLimits, nowMs: number): Promise<number> {
  const before = nowMs - limits.ageMs;
  const rules: readonly { table: Limited; column: string; max: number; deletable: string }[] = [
    { table: 'alerts', column: 'received_at', max: limits.alertsMax, deletable: 'true' },
    { table: 'incidents', column: 'updated_at', max: INCIDENTS_MAX, deletable: `state <> 'open'` },
    {
      table: 'responses',
      column: 'updated_at',
      max: RESPONSES_MAX,
      deletable: `state NOT IN ('proposed', 'approved', 'executing')`,
    },
    { table: 'gaps', column: 'received_at', max: GAPS_MAX, deletable: 'true' },
  ];
  let deleted = 0;
  for (const rule of rules) {
    for (let pass = 0; pass < PASSES_MAX; pass += 1) {
      const count = await db.transaction().execute((tx) => deleteSome(tx, rule, before));
      deleted += count;
      if (count < RETENTION_ROWS_PER_PASS) break;
    }
  }
  deleted += await forgetEpochs(db, before);
  await forgetChanges(db);
  return deleted;
}

async function deleteSome(
  tx: Tx,
  rule: { table: Limited; column: string; max: number; deletable: string },
  before: number,
): Promise<number> {
  const { table, column, max, deletable } = rule;
  // `deletable` and the names are ours, never text from outside.
  const result = await sql`
    DELETE FROM ${sql.table(table)} WHERE number IN (
      SELECT number FROM ${sql.table(table)}
      WHERE ${sql.raw(deletable)} AND (
        ${sql.ref(column)} < ${before}
        OR number <= (
          SELECT number FROM ${sql.table(table)} ORDER BY number DESC LIMIT 1 OFFSET ${max}
        )
      )
      ORDER BY number LIMIT ${RETENTION_ROWS_PER_PASS}
    )`.execute(tx);
  return Number(result.numAffectedRows ?? 0n);
}

/** An agent that makes a new outbox leaves its old epoch behind. */
async function forgetEpochs(db: Db, before: number): Promise<number> {
  const result = await sql`
    DELETE FROM batches WHERE committed_at < ${before} OR rowid IN (
      SELECT rowid FROM batches ORDER BY committed_at DESC LIMIT -1 OFFSET ${EPOCHS_MAX}
    )`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

/** Places in the live stream of records that are gone. */
async function forgetChanges(db: Db): Promise<void> {
  for (const kind of ['alert', 'incident', 'response'] as const) {
    await sql`
      DELETE FROM changes WHERE kind = ${kind}
      AND id NOT IN (SELECT id FROM ${sql.table(`${kind}s`)})`.execute(db);
  }
  await sql`
    DELETE FROM changes WHERE kind = 'gap' AND position <= (
      SELECT position FROM changes WHERE kind = 'gap'
      ORDER BY position DESC LIMIT 1 OFFSET ${GAPS_MAX}
    )`.execute(db);
}
