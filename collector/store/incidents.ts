import { sql } from 'kysely';

import type { Alert } from '../../baseline/alert.ts';
import type { HandlingKind } from '../incident/handling.ts';
import type { Incident } from '../incident/incident.ts';
import { markCorrelated } from './alerts.ts';
import { recordChanges } from './changes.ts';
import { saveCoolDowns } from './cool-downs.ts';
import { followIncidents } from './desk-follow.ts';
import type { Correlation, IncidentRow, IncidentStore } from '../incident/incident-store.ts';
import { holdLease } from './leases.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import { countHits } from './suppressions.ts';
import type { Tx } from './tables.ts';
import { addTallies } from './tallies.ts';

const ROWS_PER_STATEMENT = 100;

type Row = { readonly number: number; readonly document: string };

export function incidentStore(context: StoreContext): IncidentStore {
  const { db, announcer } = context;
  return {
    uncorrelatedAlerts: async (limit) => {
      const rows = await db.selectFrom('alerts')
        .select([
          ...['document', 'incident_id', 'received_at', 'correlated_revision'] as const,
          ...['handling', 'handling_ref'] as const,
        ])
        .whereRef('correlated_revision', '<', 'revision')
        .orderBy('number')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        alert: JSON.parse(row.document) as Alert,
        incidentId: row.incident_id,
        before: row.correlated_revision === 0
          ? undefined
          : { kind: row.handling as HandlingKind, ref: row.handling_ref },
        receivedAtMs: row.received_at,
      }));
    },
    openIncidents: async (limit) => {
      const rows = await db.selectFrom('incidents')
        .select('document')
        .where('state', '=', 'open')
        .orderBy('updated_at', 'desc')
        .limit(limit)
        .execute();
      return rows.map(({ document }) => JSON.parse(document) as Incident);
    },
    saveCorrelation: async (result) => {
      await transact(context, (tx) => save(context, tx, result));
      if (changesOf(result).length > 0) announcer.announce();
    },
    listIncidents: async (filter, page) => {
      let query = db.selectFrom('incidents').select(['number', 'document'])
        .orderBy('number', 'desc').limit(page.limit);
      if (page.before !== undefined) query = query.where('number', '<', page.before);
      if (filter.state !== undefined) query = query.where('state', '=', filter.state);
      if (filter.namespace !== undefined) query = query.where('namespace', '=', filter.namespace);
      return (await query.execute()).map(recordOf);
    },
    readIncident: async (id) => {
      const row = await db.selectFrom('incidents').select(['number', 'document'])
        .where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : recordOf(row);
    },
    incidentsById: async (ids) => {
      const found: Incident[] = [];
      for (let start = 0; start < ids.length; start += ROWS_PER_STATEMENT) {
        const rows = await db.selectFrom('incidents').select('document')
          .where('id', 'in', ids.slice(start, start + ROWS_PER_STATEMENT)).execute();
        for (const { document } of rows) found.push(JSON.parse(document) as Incident);
      }
      return found;
    },
  };
}

async function save(context: StoreContext, tx: Tx, result: Correlation): Promise<void> {
  if (result.lease !== undefined) await holdLease(tx, result.lease);
  for (let start = 0; start < result.incidents.length; start += ROWS_PER_STATEMENT) {
    const rows = result.incidents.slice(start, start + ROWS_PER_STATEMENT).map(rowOf);
    await tx.insertInto('incidents')
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('id')
          .doUpdateSet((eb) => ({
            revision: eb.ref('excluded.revision'),
            state: eb.ref('excluded.state'),
            namespace: eb.ref('excluded.namespace'),
            updated_at: eb.ref('excluded.updated_at'),
            document: eb.ref('excluded.document'),
          }))
          .where('incidents.revision', '<', sql<number>`excluded.revision`))
      .execute();
  }
  await markCorrelated(context, tx, result.correlated);
  for (const [from, into] of result.merged) {
    await tx.updateTable('alerts').set({ incident_id: into }).where('incident_id', '=', from)
      .execute();
  }
  await saveFatigue(tx, result);
  await followIncidents(tx, result);
  await recordChanges(context, tx, changesOf(result));
}

/** An alert that was quietened was on the live stream before, as it came. */
function changesOf({ incidents, correlated }: Correlation) {
  const quietened = [...correlated].filter(([, { handled }]) => handled.handling.kind !== 'none');
  return [
    ...incidents.map(({ id }) => ({ kind: 'incident' as const, id })),
    ...quietened.map(([id]) => ({ kind: 'alert' as const, id })),
  ];
}

async function saveFatigue(tx: Tx, { fatigue, merged, nowMs }: Correlation): Promise<void> {
  if (fatigue === undefined) return;
  await saveCoolDowns(tx, fatigue.coolDowns);
  for (const [from, into] of merged) {
    await tx.updateTable('cool_downs').set({ incident_id: into }).where('incident_id', '=', from)
      .execute();
  }
  await addTallies(tx, fatigue.tallies);
  await countHits(tx, fatigue.hits, nowMs);
}

const rowOf = (incident: Incident) => ({
  id: incident.id,
  revision: incident.revision,
  state: incident.state,
  namespace: incident.namespace,
  updated_at: incident.updatedAtMs,
  document: JSON.stringify(incident),
});

const recordOf = (row: Row): IncidentRow => ({
  number: row.number,
  incident: JSON.parse(row.document) as Incident,
});
