import { sql } from 'kysely';

import type { Db, Tx } from './tables.ts';

/**
 * Numbers that are given out in the order of the commits. The row stays locked from the update to
 * the end of the transaction, so a higher number never becomes visible before a lower one, and a
 * rollback gives its numbers back: a reader that remembers the highest it saw has missed none. (A
 * sequence would not do: its numbers are taken at once and become visible whenever their
 * transactions end. Reading behind the oldest running transaction would not do either: a long
 * report in another database of the same server would stop the live stream.)
 *
 * Whoever takes several in one transaction takes them in the order `fatigue`, `audit`, `decisions`,
 * `changes`, and after all other rows, or two transactions could wait for each other.
 */
export type CounterName = 'audit' | 'decisions' | 'fatigue' | 'changes';

/** The last of `count` numbers that follow each other. */
export async function takeNumbers(tx: Tx, name: CounterName, count: number): Promise<number> {
  const row = await tx.updateTable('counters')
    .set({ value: sql<number>`value + ${count}` })
    .where('name', '=', name)
    .returning('value')
    .executeTakeFirstOrThrow();
  return row.value;
}

export async function readCounter(db: Db | Tx, name: CounterName): Promise<number> {
  const row = await db.selectFrom('counters').select('value').where('name', '=', name)
    .executeTakeFirst();
  return row?.value ?? 0;
}

/** Another number after every change: what a reader asks for that heard no notification. */
export async function fingerprint(db: Db): Promise<number> {
  const row = await db.selectFrom('counters').select(({ fn }) => fn.sum<number>('value').as('sum'))
    .executeTakeFirst();
  return row?.sum ?? 0;
}
