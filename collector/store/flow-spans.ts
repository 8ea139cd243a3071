import type { Tx } from './tables.ts';

/**
 * When each node was watched: one row for as long as nothing is missing. An agent tells its times
 * one after the other, so a new one begins where a stored one ends, or there is a hole.
 */
const ROWS_PER_STATEMENT = 500;

export type Span = { readonly node: number; readonly from: number; readonly to: number };

export async function addSpan(tx: Tx, { node, from, to }: Span): Promise<void> {
  const grown = await tx.updateTable('flow_spans').set({ to_at: to })
    .where('node', '=', node).where('to_at', '=', from).where('from_at', '<', to)
    .executeTakeFirst();
  if (grown.numUpdatedRows > 0n) return;
  await tx.insertInto('flow_spans').values({ node, from_at: from, to_at: to })
    .onConflict((conflict) => conflict.columns(['node', 'from_at'])
      .doUpdateSet((eb) => ({ to_at: eb.ref('excluded.to_at') }))
      .whereRef('flow_spans.to_at', '<', 'excluded.to_at'))
    .execute();
}

/**
 * What was seen before `ms` is not all there any more: of nobody may be said that he did not
 * connect then, so that the time counts as not watched.
 */
export async function cutSpans(tx: Tx, ms: number): Promise<void> {
  await tx.deleteFrom('flow_spans').where('to_at', '<=', ms).execute();
  const cut = await tx.deleteFrom('flow_spans').where('from_at', '<', ms)
    .returning(['node', 'to_at']).execute();
  // A clock that was set back makes times overlap: one row each for the longest.
  const longest = new Map<number, number>();
  for (const { node, to_at } of cut) longest.set(node, Math.max(to_at, longest.get(node) ?? 0));
  const rows = [...longest].toSorted(([left], [right]) => left - right)
    .map(([node, to_at]) => ({ node, from_at: ms, to_at }));
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    await tx.insertInto('flow_spans').values(rows.slice(start, start + ROWS_PER_STATEMENT))
      .onConflict((conflict) => conflict.columns(['node', 'from_at'])
        .doUpdateSet((eb) => ({ to_at: eb.ref('excluded.to_at') }))
        .whereRef('flow_spans.to_at', '<', 'excluded.to_at'))
      .execute();
  }
}
