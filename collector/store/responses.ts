import { reversals } from '../respond/response.ts';
import type { Response, ResponseState } from '../respond/response.ts';
import { appendAudit } from './audit.ts';
import { recordChanges } from './changes.ts';
import type { ResponseScope, ResponseStore } from '../respond/response-store.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Db } from './tables.ts';

export function responseStore(context: StoreContext): ResponseStore {
  const { db, announcer } = context;
  const read = (document: string): Response => JSON.parse(document) as Response;
  return {
    insertResponse: async (response, ...audit) => {
      const inserted = await transact(context, async (tx) => {
        const result = await tx.insertInto('responses')
          .values({ id: response.id, ...columnsOf(response) })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirst();
        if ((result.numInsertedOrUpdatedRows ?? 0n) === 0n) return false;
        for (const entry of audit) await appendAudit(tx, entry);
        await recordChanges(context, tx, [{ kind: 'response', id: response.id }]);
        return true;
      });
      if (inserted) announcer.announce();
      return inserted;
    },
    updateResponse: async (response, audit) => {
      const updated = await transact(context, async (tx) => {
        const result = await tx.updateTable('responses')
          .set(columnsOf(response))
          .where('id', '=', response.id)
          .where('revision', '=', response.revision - 1)
          .executeTakeFirst();
        if (result.numUpdatedRows === 0n) return false;
        await appendAudit(tx, audit);
        await recordChanges(context, tx, [{ kind: 'response', id: response.id }]);
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
        .where('state', 'in', [...unfinishedStates, ...statesInEffect])
        .orderBy('number')
        .limit(LIVE_PER_POD_MAX)
        .execute();
      return rows.map(({ document }) => read(document));
    },
    countExecuted: async (scope, sinceMs) => {
      const row = await executed(db, scope, sinceMs)
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .executeTakeFirst();
      return row?.count ?? 0;
    },
    executedSince: async (scope, sinceMs, limit) => {
      const rows = await executed(db, scope, sinceMs).select('document')
        .orderBy('executed_at', 'desc').orderBy('number', 'desc').limit(limit).execute();
      return rows.map(({ document }) => read(document));
    },
    reversalsDue: async (nowMs, limit) => {
      const rows = await db.selectFrom('responses').select('document')
        .where('state', 'in', statesInEffect)
        .where('reverse_at', '>', 0)
        .where('reverse_at', '<=', nowMs)
        .orderBy('reverse_at')
        .limit(limit)
        .execute();
      return rows.map(({ document }) => read(document));
    },
    listResponses: async (filter, page) => {
      let query = db.selectFrom('responses').select(['number', 'document'])
        .orderBy('number', 'desc').limit(page.limit);
      if (page.before !== undefined) query = query.where('number', '<', page.before);
      if (filter.state !== undefined) query = query.where('state', '=', filter.state);
      if (filter.incidentId !== undefined) {
        query = query.where('incident_id', '=', filter.incidentId);
      }
      if (filter.namespaces !== undefined) {
        query = query.where('namespace', 'in', [...filter.namespaces]);
      }
      const rows = await query.execute();
      return rows.map(({ number, document }) => ({ number, response: read(document) }));
    },
  };
}

const LIVE_PER_POD_MAX = 100;

/** Somebody or something still has to act. */
export const unfinishedStates: readonly ResponseState[] = [
  'proposed',
  'approved',
  'collecting-evidence',
  'executing',
  'verifying',
];

/** Done, and to be taken back some day: also what did not help. */
const statesInEffect: readonly ResponseState[] = ['verified', 'not-effective'];

function executed(db: Db, scope: ResponseScope, sinceMs: number) {
  let query = db.selectFrom('responses')
    .where('executed_at', '>=', sinceMs)
    .where('executed_at', '>', 0)
    .where('action', 'not in', reversals);
  for (const part of ['cluster', 'namespace', 'workload', 'node'] as const) {
    const wanted = scope[part];
    if (wanted !== undefined) query = query.where(part, '=', wanted);
  }
  return query;
}

function columnsOf(response: Response) {
  return {
    revision: response.revision,
    state: response.state,
    cluster: response.target.cluster,
    namespace: response.target.namespace,
    workload: response.target.workload,
    node: response.target.node,
    pod_uid: response.target.podUid,
    action: response.action,
    incident_id: response.incidentId,
    executed_at: response.executedAtMs,
    reverse_at: response.reverseAtMs,
    updated_at: response.updatedAtMs,
    document: JSON.stringify(response),
  };
}
