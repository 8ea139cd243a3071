import { sql } from 'kysely';

import type { RetentionLimits } from './faces.ts';
import { retainImages } from './image-retention.ts';
import { unfinishedStates } from './responses.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Db, Tx } from './tables.ts';

/**
 * Deletes what is too old or too much, a bounded number of rows per transaction so that the agents'
 * batches get their turn in between. With partitions, alerts that are too old go by whole days.
 * The audit is not touched: it is kept for ever.
 */
const RETENTION_ROWS_PER_PASS = 2_000;
const PASSES_MAX = 500;
const INCIDENTS_MAX = 200_000;
const RESPONSES_MAX = 200_000;
const GAPS_MAX = 200_000;
const EPOCHS_MAX = 100_000;
export const EVIDENCE_TOTAL_BYTES_MAX = 4 * 1_024 * 1_024 * 1_024;

type Limited = 'alerts' | 'incidents' | 'responses' | 'gaps';

type Rule = {
  readonly table: Limited;
  readonly column: string;
  readonly max: number;
  readonly deletable: string;
  readonly beforeMs: number;
};

export async function retain(
  context: StoreContext,
  limits: RetentionLimits,
  nowMs: number,
): Promise<number> {
  const { db, dialect } = context;
  const beforeMs = nowMs - limits.ageMs;
  const hasDays = dialect.alertIds === 'alert_days';
  const rules: readonly Rule[] = [
    {
      table: 'alerts',
      column: 'received_at',
      max: limits.alertsMax,
      deletable: 'true',
      beforeMs: hasDays ? 0 : beforeMs,
    },
    {
      table: 'incidents',
      column: 'updated_at',
      max: INCIDENTS_MAX,
      deletable: `state <> 'open'`,
      beforeMs,
    },
    {
      table: 'responses',
      column: 'updated_at',
      max: RESPONSES_MAX,
      deletable: `state NOT IN (${unfinishedStates.map((state) => `'${state}'`).join(', ')})`,
      beforeMs,
    },
    { table: 'gaps', column: 'received_at', max: GAPS_MAX, deletable: 'true', beforeMs },
  ];
  let deleted = await dialect.dropDaysBefore(db, beforeMs);
  for (const rule of rules) {
    for (let pass = 0; pass < PASSES_MAX; pass += 1) {
      const count = await transact(context, (tx) => deleteSome(context, tx, rule));
      deleted += count;
      if (count < RETENTION_ROWS_PER_PASS) break;
    }
  }
  deleted += await forgetEpochs(db, beforeMs);
  deleted += await forgetEvidence(db, beforeMs);
  await forgetDesk(db);
  await forgetChanges(context);
  if (limits.images !== undefined) deleted += await retainImages(context, limits.images, nowMs);
  return deleted;
}

async function deleteSome({ dialect }: StoreContext, tx: Tx, rule: Rule): Promise<number> {
  const { table, column, max, deletable, beforeMs } = rule;
  // `deletable` and the names are ours, never text from outside.
  const { rows } = await sql<{ id: string | number }>`
    DELETE FROM ${sql.table(table)} WHERE number IN (
      SELECT number FROM ${sql.table(table)}
      WHERE ${sql.raw(deletable)} AND (
        ${sql.ref(column)} < ${beforeMs}
        OR number <= (
          SELECT number FROM ${sql.table(table)} ORDER BY number DESC LIMIT 1 OFFSET ${max}
        )
      )
      ORDER BY number LIMIT ${RETENTION_ROWS_PER_PASS}
    ) RETURNING ${sql.ref(table === 'gaps' ? 'number' : 'id')} AS id`.execute(tx);
  if (table === 'alerts' && dialect.alertIds === 'alert_days' && rows.length > 0) {
    await tx.deleteFrom('alert_days').where('id', 'in', rows.map(({ id }) => String(id))).execute();
  }
  return rows.length;
}

/** An agent that makes a new outbox leaves its old epoch behind. */
async function forgetEpochs(db: Db, beforeMs: number): Promise<number> {
  const result = await sql`
    DELETE FROM batches WHERE committed_at < ${beforeMs} OR committed_at < (
      SELECT committed_at FROM batches ORDER BY committed_at DESC LIMIT 1 OFFSET ${EPOCHS_MAX}
    )`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

/** What people said of incidents goes with them; the audit keeps that they did. */
async function forgetDesk(db: Db): Promise<void> {
  await sql`
    DELETE FROM incident_desk WHERE NOT EXISTS (
      SELECT 1 FROM incidents WHERE incidents.id = incident_desk.id
    )`.execute(db);
  await sql`
    DELETE FROM incident_notes WHERE NOT EXISTS (
      SELECT 1 FROM incidents WHERE incidents.id = incident_notes.incident_id
    )`.execute(db);
}

/** Oldest first, until the rest fits; and what is too old. */
async function forgetEvidence(db: Db, beforeMs: number): Promise<number> {
  const result = await sql`
    DELETE FROM evidence WHERE taken_at < ${beforeMs} OR number IN (
      SELECT number FROM (
        SELECT number, SUM(size) OVER (ORDER BY number DESC) AS total FROM evidence
      ) AS newest WHERE total > ${EVIDENCE_TOTAL_BYTES_MAX}
    )`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

/** Places in the live stream of records that are gone. */
async function forgetChanges({ db, dialect }: StoreContext): Promise<void> {
  const tables = { alert: dialect.alertIds, incident: 'incidents', response: 'responses' };
  for (const [kind, table] of Object.entries(tables)) {
    await sql`
      DELETE FROM changes WHERE kind = ${kind} AND NOT EXISTS (
        SELECT 1 FROM ${sql.table(table)} AS kept WHERE kept.id = changes.id
      )`.execute(db);
  }
  await sql`
    DELETE FROM changes WHERE kind = 'gap' AND position <= (
      SELECT position FROM changes WHERE kind = 'gap'
      ORDER BY position DESC LIMIT 1 OFFSET ${GAPS_MAX}
    )`.execute(db);
}
