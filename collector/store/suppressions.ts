import { sql } from 'kysely';

import type { FatigueRulesStore, Put, RuleRow } from '../fatigue/fatigue-store.ts';
import type { SuppressionRule } from '../fatigue/suppression.ts';
import { appendAudit } from './audit.ts';
import { CHANGES_CHANNEL } from './changes.ts';
import { readCounter, takeNumbers } from './counters.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Tx } from './tables.ts';

/** Ended ones stay to be seen until there are this many; the audit keeps every one. */
const ENDED_KEPT_MAX = 5_000;

type SuppressionStore = Pick<FatigueRulesStore,
  'fatigueRevision' | 'listSuppressions' | 'readSuppression' | 'addSuppression' | 'endSuppression'>;

type Row = {
  readonly number: number;
  readonly document: string;
  readonly hits: number;
  readonly last_hit_at: number;
};

const columns = ['number', 'document', 'hits', 'last_hit_at'] as const;

export function suppressionStore(context: StoreContext): SuppressionStore {
  const { db, announcer } = context;
  return {
    fatigueRevision: () => readCounter(db, 'fatigue'),
    listSuppressions: async ({ withEnded, limit, before }) => {
      let query = db.selectFrom('suppressions').select(columns)
        .orderBy('number', 'desc').limit(limit);
      if (!withEnded) query = query.where('is_ended', '=', 0);
      if (before !== undefined) query = query.where('number', '<', before);
      return (await query.execute()).map(recordOf);
    },
    readSuppression: async (id) => {
      const row = await db.selectFrom('suppressions').select(columns).where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? undefined : recordOf(row);
    },
    addSuppression: async (rule, max, audit) => {
      const put = await transact(context, async (tx): Promise<Put> => {
        // Before it is counted: its lock lets one replica count at a time.
        await changeFatigue(context, tx);
        const { count } = await tx.selectFrom('suppressions')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('is_ended', '=', 0).executeTakeFirstOrThrow();
        if (count >= max) return { ok: false, reason: 'full' };
        const { numInsertedOrUpdatedRows } = await tx.insertInto('suppressions')
          .values({ id: rule.id, ...rowOf(rule), hits: 0, last_hit_at: 0 })
          .onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows !== 1n) return { ok: false, reason: 'exists' };
        await forgetEnded(tx, 'suppressions');
        await appendAudit(tx, audit);
        return { ok: true };
      });
      announcer.announce();
      return put;
    },
    endSuppression: async (rule, audit) => {
      const put = await transact(context, async (tx) => {
        const { numUpdatedRows } = await tx.updateTable('suppressions').set(rowOf(rule))
          .where('id', '=', rule.id).where('is_ended', '=', 0).executeTakeFirstOrThrow();
        return ended(context, tx, numUpdatedRows, audit);
      });
      announcer.announce();
      return put;
    },
  };
}

/** Rules and windows are read again by whoever weighs alerts. */
export async function changeFatigue({ dialect }: StoreContext, tx: Tx): Promise<void> {
  await takeNumbers(tx, 'fatigue', 1);
  await dialect.notify(tx, CHANGES_CHANNEL);
}

/** What follows when the one that is in force was ended, and nothing when there was none. */
export async function ended(
  context: StoreContext,
  tx: Tx,
  rows: bigint,
  audit: Parameters<typeof appendAudit>[1],
): Promise<Put> {
  if (rows === 0n) return { ok: false, reason: 'ended' };
  await changeFatigue(context, tx);
  await appendAudit(tx, audit);
  return { ok: true };
}

export async function forgetEnded(
  tx: Tx,
  table: 'suppressions' | 'maintenance_windows',
): Promise<void> {
  await sql`
    DELETE FROM ${sql.table(table)} WHERE is_ended = 1 AND number <= (
      SELECT number FROM ${sql.table(table)} WHERE is_ended = 1
      ORDER BY number DESC LIMIT 1 OFFSET ${ENDED_KEPT_MAX}
    )`.execute(tx);
}

/** In the transaction of the correlation. */
export async function countHits(
  tx: Tx,
  hits: ReadonlyMap<string, number>,
  nowMs: number,
): Promise<void> {
  for (const [id, count] of [...hits].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    await tx.updateTable('suppressions')
      .set({ hits: sql<number>`hits + ${count}`, last_hit_at: nowMs })
      .where('id', '=', id).execute();
  }
}

const rowOf = (rule: SuppressionRule) => ({
  ends_at: Date.parse(rule.ended?.time ?? rule.expiresTime),
  is_ended: rule.ended === null ? 0 : 1,
  document: JSON.stringify(rule),
});

const recordOf = (row: Row): RuleRow => ({
  number: row.number,
  rule: JSON.parse(row.document) as SuppressionRule,
  hits: row.hits,
  lastHitAtMs: row.last_hit_at,
});
