import { sql } from 'kysely';

import type {
  AuditEntry,
  AuditFilter,
  AuditRow,
  AuditStore,
  AuditVerdict,
} from '../respond/response-store.ts';
import { FIRST_PREVIOUS_HASH, chained, hashOf } from './audit-chain.ts';
import type { ChainedRow } from './audit-chain.ts';
import { readCounter, takeNumbers } from './counters.ts';
import { scan } from './desk-scan.ts';
import type { Condition } from './desk-scan.ts';
import { folded } from './desk-words.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Db, Tx } from './tables.ts';

/** Append-only and kept for ever: retention that cut the chain would look like a forger. */
const ROWS_PER_READ = 1_000;

/** The counter's row is locked from here to the commit: one chain, however many replicas. */
export async function appendAudit(tx: Tx, entry: AuditEntry): Promise<void> {
  const number = await takeNumbers(tx, 'audit', 1);
  const previous = await tx.selectFrom('audit').select(['number', 'hash'])
    .where('number', '=', number - 1)
    .executeTakeFirst();
  const before = previous ?? { number: number - 1, hash: FIRST_PREVIOUS_HASH };
  await tx.insertInto('audit').values(chained(entry, before)).execute();
}

export function auditStore(context: StoreContext): AuditStore {
  const { db } = context;
  return {
    appendAudit: (entry) => transact(context, (tx) => appendAudit(tx, entry)),
    listAudit: async (page) => {
      let query = db.selectFrom('audit').selectAll().orderBy('number', 'desc').limit(page.limit);
      if (page.before !== undefined) query = query.where('number', '<', page.before);
      return (await query.execute()).map(recordOf);
    },
    findAudit: async (filter, page) => {
      const rest = conditionsOf(filter, context);
      const found = await scan<ChainedRow>(db,
        { table: 'audit', columns: COLUMNS, near: [], rest }, page);
      return { ...found, rows: found.rows.map(recordOf) };
    },
    verifyAudit: () => verify(db),
  };
}

const COLUMNS = ['at', 'actor', 'action', 'subject', 'detail', 'previous_hash', 'hash'] as const;

const recordOf = (row: ChainedRow): AuditRow => ({
  number: Number(row.number),
  atMs: Number(row.at),
  actor: row.actor,
  action: row.action,
  subject: row.subject,
  detail: JSON.parse(row.detail) as Readonly<Record<string, unknown>>,
  previousHash: row.previous_hash,
  hash: row.hash,
});

function conditionsOf(
  { actor, subject, action, fromMs, toMs }: AuditFilter,
  { dialect }: StoreContext,
): readonly Condition[] {
  const conditions: Condition[] = [];
  if (actor !== undefined) conditions.push(dialect.contains(sql`lower(actor)`, folded(actor)));
  if (subject !== undefined) {
    conditions.push(dialect.contains(sql`lower(subject)`, folded(subject)));
  }
  if (action !== undefined) {
    // What is before the first dot is the family.
    conditions.push(sql`(action = ${action} OR substr(action, 1, ${action.length + 1}) = ${
      `${action}.`})`);
  }
  if (fromMs !== undefined) conditions.push(sql`at >= ${fromMs}`);
  if (toMs !== undefined) conditions.push(sql`at < ${toMs}`);
  return conditions;
}

async function verify(db: Db): Promise<AuditVerdict> {
  // First: what is appended while this reads may be above it, and is verified too.
  const last = await readCounter(db, 'audit');
  let before = { number: 0, hash: FIRST_PREVIOUS_HASH };
  for (;;) {
    const rows: readonly ChainedRow[] = await db.selectFrom('audit').selectAll()
      .where('number', '>', before.number)
      .orderBy('number')
      .limit(ROWS_PER_READ)
      .execute();
    for (const row of rows) {
      const problem = problemOf(row, before);
      if (problem !== undefined) return { ok: false, at: before.number + 1, problem };
      before = row;
    }
    if (rows.length < ROWS_PER_READ) break;
  }
  if (before.number < last) {
    return { ok: false, at: before.number + 1, problem: `records up to ${last} are missing` };
  }
  return { ok: true, rows: before.number };
}

function problemOf(
  row: ChainedRow,
  before: { readonly number: number; readonly hash: string },
): string | undefined {
  if (row.number !== before.number + 1) return 'the record is missing';
  if (row.previous_hash !== before.hash) return 'the record does not follow the one before it';
  if (row.hash !== hashOf(row)) return 'the record was changed';
  return undefined;
}
