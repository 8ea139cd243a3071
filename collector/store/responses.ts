import type { Response } from '../respond/response.ts';
import { appendAudit } from './audit.ts';
import { recordChanges } from './changes.ts';
import type { Announcer } from './changes.ts';
import type { ResponseStore } from '../respond/response-store.ts';
import type { Db } from './tables.ts';

export function responseStore(db: Db, announcer: Announcer): ResponseStore {
  const read = (document: string): Response => JSON.parse(document) as Response;
  return {
    insertResponse: async (response, audit) => {
      const inserted = await db.transaction().execute(async (tx) => {
        const result = await tx.insertInto('responses')
          .values({ id: response.id, ...columnsOf(response) })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirst();
        if ((result.numInsertedOrUpdatedRows ?? 0n) === 0n) return false;
        await appendAudit(tx, audit);
        await recordChanges(tx, 'response', [response.id]);
        return true;
      });
      if (inserted) announcer.announce();
      return inserted;
    },
    updateResponse: async (response, audit) => {
      const updated = await db.transaction().execute(async (tx) => {
        const result = await tx.updateTable('responses')
          .set(columnsOf(response))
          .where('id', '=', response.id)
          .where('revision', '=', response.revision - 1)
          .executeTakeFirst();
        if (result.numUpdatedRows === 0n) return false;
        await appendAudit(tx, audit);
        await recordChanges(tx, 'response', [response.id]);
        return true;
      });
      if (updated) announcer.announce();
      return updated;
    },
    readResponse: async (id) => {
      const row = await db.selectFrom('responses').select('document').where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? undefined : read(row.document);
    },
    responsesInState: async (state, limit) => {
      const rows = await db.selectFrom('responses').select('document')
        .where('state', '=', state).orderBy('number').limit(limit).execute();
      return rows.map(({ document }) => read(document));
    },
    liveResponses: async (podUid) => {
      const rows = await db.selectFrom('responses').select('document')
        .where('pod_uid', '=', podUid)
        .where('state', 'in', ['proposed', 'approved', 'executing', 'verified'])
        .orderBy('number')
        .limit(LIVE_PER_POD_MAX)
        .execute();
      return rows.map(({ document }) => read(document));
    },
    countExecuted: async (namespace, sinceMs) => {
      const row = await db.selectFrom('responses')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('namespace', '=', namespace)
        .where('executed_at', '>=', sinceMs)
        .where('executed_at', '>', 0)
        .where('action', '<>', 'release')
        .executeTakeFirst();
      return row?.count ?? 0;
    },
    listResponses: async (filter, page) => {
      let query = db.selectFrom('responses').select(['number', 'document'])
        .orderBy('number', 'desc').limit(page.limit);
      if (page.before !== undefined) query = query.where('number', '<', page.before);
      if (filter.state !== undefined) query = query.where('state', '=', filter.state);
      if (filter.incidentId !== undefined) {
        query = query.where('incident_id', '=', filter.incidentId);
      }
      const rows = await query.execute();
      return rows.map(({ number, document }) => ({ number, response: read(document) }));
    },
  };
}

const LIVE_PER_POD_MAX = 100;

function columnsOf(response: Response) {
  return {
    revision: response.revision,
    state: response.state,
    namespace: response.target.namespace,
    pod_uid: response.target.podUid,
    action: response.action,
    incident_id: response.incidentId,
    executed_at: response.executedAtMs,
    updated_at: response.updatedAtMs,
    document: JSON.stringify(response),
  };
}
