import { alertDocuments } from './alerts.ts';
import { readCounter, takeNumbers } from './counters.ts';
import type { Change, ChangeKind, ChangeStore } from './faces.ts';
import type { StoreContext } from './store-context.ts';
import type { Db, Tx } from './tables.ts';

/**
 * The live stream's order. Each record has one row at the position of its newest change, written
 * in the transaction of the change itself: a reader that remembers a position misses nothing and
 * the table is never larger than the records it points to.
 */
const IDS_PER_STATEMENT = 500;
const CHANGES_READ_MAX = 500;
export const CHANGES_CHANNEL = 'lanner_changes';

/** The last thing in a transaction: from here to the commit the others wait. */
export async function recordChanges(
  { dialect }: Pick<StoreContext, 'dialect'>,
  tx: Tx,
  changes: readonly { readonly kind: ChangeKind; readonly id: string }[],
): Promise<void> {
  if (changes.length === 0) return;
  const last = await takeNumbers(tx, 'changes', changes.length);
  const first = last - changes.length + 1;
  for (let start = 0; start < changes.length; start += IDS_PER_STATEMENT) {
    const rows = changes.slice(start, start + IDS_PER_STATEMENT)
      .map(({ kind, id }, index) => ({ position: first + start + index, kind, id }));
    await tx.insertInto('changes').values(rows)
      .onConflict((conflict) =>
        conflict.columns(['kind', 'id'])
          .doUpdateSet((eb) => ({ position: eb.ref('excluded.position') })))
      .execute();
  }
  await dialect.notify(tx, CHANGES_CHANNEL);
}

export function changeStore(context: StoreContext): ChangeStore {
  return {
    onChange: (listener) => context.announcer.onChange(listener),
    changesAfter: (position, limit) => changesAfter(context, position, limit),
    // Not the highest row: retention may have deleted that one.
    newestChange: () => readCounter(context.db, 'changes'),
  };
}

async function changesAfter(
  context: StoreContext,
  position: number,
  limit: number,
): Promise<readonly Change[]> {
  const { db } = context;
  const rows = await db.selectFrom('changes').select(['position', 'kind', 'id'])
    .where('position', '>', position)
    .orderBy('position')
    .limit(Math.min(limit, CHANGES_READ_MAX))
    .execute();
  const idsOf = (kind: ChangeKind): readonly string[] =>
    rows.filter((row) => row.kind === kind).map(({ id }) => id);
  const documents = {
    alert: await alertDocuments(context, idsOf('alert')),
    incident: await documentsOf(db, 'incidents', idsOf('incident')),
    response: await documentsOf(db, 'responses', idsOf('response')),
  };
  const changes: Change[] = [];
  for (const row of rows) {
    const kind = row.kind as ChangeKind;
    const document = kind === 'gap' ? row.id : documents[kind].get(row.id);
    // Deleted by retention in between.
    if (document === undefined) continue;
    changes.push({ position: row.position, kind, document: JSON.parse(document) });
  }
  return changes;
}

async function documentsOf(
  db: Db,
  table: 'incidents' | 'responses',
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom(table).select(['id', 'document']).where('id', 'in', ids)
    .execute();
  return new Map(rows.map(({ id, document }) => [id, document]));
}
