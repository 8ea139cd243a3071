import type { Tx } from './tables.ts';

/**
 * When each node was watched: one row for as long as nothing is missing. An agent tells its times
 * one after the other, so a new one begins where a stored one ends, or there is a hole.
 */
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
