import { sql } from 'kysely';

import { severities } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import type { Page } from '../page.ts';
import type { AlertFilter, AlertRow, AlertStore } from './faces.ts';
import type { Db } from './tables.ts';

type Row = {
  readonly number: number;
  readonly incident_id: string;
  readonly received_at: number;
  readonly document: string;
};

const columns = ['number', 'incident_id', 'received_at', 'document'] as const;

export function alertStore(db: Db): AlertStore {
  return {
    listAlerts: (filter, page) => listAlerts(db, filter, page),
    readAlert: async (id) => {
      const row = await db.selectFrom('alerts').select(columns).where('id', '=', id)
        .executeTakeFirst();
      return row === undefined ? undefined : recordOf(row);
    },
  };
}

async function listAlerts(db: Db, filter: AlertFilter, page: Page): Promise<readonly AlertRow[]> {
  let query = db.selectFrom('alerts').select(columns).orderBy('number', 'desc').limit(page.limit);
  if (page.before !== undefined) query = query.where('number', '<', page.before);
  if (filter.severityMin !== undefined) {
    query = query.where('severity', '>=', severities.indexOf(filter.severityMin));
  }
  if (filter.namespace !== undefined) query = query.where('namespace', '=', filter.namespace);
  if (filter.image !== undefined) query = query.where('image', '=', filter.image);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.node !== undefined) query = query.where('node', '=', filter.node);
  if (filter.incidentId !== undefined) query = query.where('incident_id', '=', filter.incidentId);
  const { technique } = filter;
  if (technique !== undefined) {
    // `instr`, not LIKE: what a caller writes has no wildcards. T1059 finds T1059.004 too.
    query = query.where((eb) =>
      eb.or([
        sql<boolean>`instr(techniques, ${`,${technique},`}) > 0`,
        sql<boolean>`instr(techniques, ${`,${technique}.`}) > 0`,
      ]));
  }
  return (await query.execute()).map(recordOf);
}

function recordOf(row: Row): AlertRow {
  return {
    number: row.number,
    incidentId: row.incident_id,
    receivedAtMs: row.received_at,
    alert: JSON.parse(row.document) as Alert,
  };
}
