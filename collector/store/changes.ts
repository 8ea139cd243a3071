import { UNTOUCHED } from '../incident/work.ts';
import type { IncidentWork } from '../incident/work.ts';
import type { Incident } from '../incident/incident.ts';
import type { Response } from '../respond/response.ts';
import { alertRows } from './alerts.ts';
import { readCounter, takeNumbers } from './counters.ts';
import type { Change, ChangeKind, ChangeStore, GapDocument } from './faces.ts';
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

export async function changesAfter(
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
  const alerts = await alertRows(context, idsOf('alert'));
  const incidents = await documentsOf(db, 'incidents', idsOf('incident'));
  const works = await worksOf(db, idsOf('incident'));
  const responses = await documentsOf(db, 'responses', idsOf('response'));
  return rows.flatMap(({ position, kind, id }): readonly Change[] => {
    // What is not there was deleted by retention in between.
    switch (kind as ChangeKind) {
      case 'alert': {
        const row = alerts.get(id);
        return row === undefined ? [] : [{ position, kind: 'alert', document: row.alert, row }];
      }
      case 'incident': {
        const text = incidents.get(id);
        if (text === undefined) return [];
        const work = works.get(id) ?? UNTOUCHED;
        return [{ position, kind: 'incident', document: JSON.parse(text) as Incident, work }];
      }
      case 'response': {
        const text = responses.get(id);
        if (text === undefined) return [];
        return [{ position, kind: 'response', document: JSON.parse(text) as Response }];
      }
      case 'gap':
        return [{ position, kind: 'gap', document: JSON.parse(id) as GapDocument }];
    }
  });
}

async function worksOf(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, IncidentWork>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('incident_desk').select(['id', 'work']).where('id', 'in', ids)
    .execute();
  return new Map(rows.map(({ id, work }) => [id, JSON.parse(work) as IncidentWork]));
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
