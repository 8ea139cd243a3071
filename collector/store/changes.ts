import { sql } from 'kysely';

import type { Change, ChangeKind, ChangeStore } from './faces.ts';
import type { Db, Tx } from './tables.ts';

/**
 * The live stream's order. Each record has one row at the position of its newest change, written
 * in the transaction of the change itself: a reader that remembers a position misses nothing and
 * the table is never larger than the records it points to.
 */
const IDS_PER_STATEMENT = 500;
const CHANGES_READ_MAX = 500;

export async function recordChanges(tx: Tx, kind: ChangeKind, ids: readonly string[]) {
  for (let start = 0; start < ids.length; start += IDS_PER_STATEMENT) {
    const some = ids.slice(start, start + IDS_PER_STATEMENT);
    await tx.deleteFrom('changes').where('kind', '=', kind).where('id', 'in', some).execute();
    await tx.insertInto('changes').values(some.map((id) => ({ kind, id }))).execute();
  }
}

export type Announcer = {
  announce(): void;
  onChange(listener: () => void): () => void;
};

export function createAnnouncer(): Announcer {
  const listeners = new Set<() => void>();
  return {
    announce: () => {
      for (const listener of listeners) listener();
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function changeStore(db: Db, announcer: Announcer): ChangeStore {
  return {
    onChange: (listener) => announcer.onChange(listener),
    changesAfter: (position, limit) => changesAfter(db, position, limit),
    newestChange: async () => {
      // Not the highest row: retention may have deleted that one.
      const { rows } = await sql<{ seq: number }>`
        SELECT seq FROM sqlite_sequence WHERE name = 'changes'`.execute(db);
      return rows[0]?.seq ?? 0;
    },
  };
}

async function changesAfter(db: Db, position: number, limit: number): Promise<readonly Change[]> {
  const rows = await db.selectFrom('changes')
    .leftJoin('alerts', (join) =>
      join.onRef('alerts.id', '=', 'changes.id').on('changes.kind', '=', 'alert'))
    .leftJoin('incidents', (join) =>
      join.onRef('incidents.id', '=', 'changes.id').on('changes.kind', '=', 'incident'))
    .leftJoin('responses', (join) =>
      join.onRef('responses.id', '=', 'changes.id').on('changes.kind', '=', 'response'))
    .select([
      'changes.position',
      'changes.kind',
      'changes.id',
      'alerts.document as alert',
      'incidents.document as incident',
      'responses.document as response',
    ])
    .where('changes.position', '>', position)
    .orderBy('changes.position')
    .limit(Math.min(limit, CHANGES_READ_MAX))
    .execute();
  const changes: Change[] = [];
  for (const row of rows) {
    const document = row.kind === 'gap' ? row.id : row.alert ?? row.incident ?? row.response;
    if (document === null) continue;
    changes.push({
      position: row.position,
      kind: row.kind as ChangeKind,
      document: JSON.parse(document),
    });
  }
  return changes;
}
