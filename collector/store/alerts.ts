import { severities } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import { NOT_HANDLED } from '../incident/handling.ts';
import type { Handling } from '../incident/handling.ts';
import type { Placed } from '../incident/incident-store.ts';
import type { Page } from '../page.ts';
import type { AlertDays } from './dialect.ts';
import type { AlertFilter, AlertRow, AlertStore } from './faces.ts';
import type { StoreContext } from './store-context.ts';
import type { Tx } from './tables.ts';

type Row = {
  readonly number: number;
  readonly incident_id: string;
  readonly received_at: number;
  readonly document: string;
  readonly handling_document: string;
};

const columns =
  ['number', 'incident_id', 'received_at', 'document', 'handling_document'] as const;

export { columns as alertColumns, recordOf as alertRecord };

const IDS_PER_STATEMENT = 500;

export function alertStore(context: StoreContext): AlertStore {
  const { db, dialect } = context;
  return {
    listAlerts: (filter, page) => listAlerts(context, filter, page),
    readAlert: async (id) => {
      const day = (await dialect.daysOf(db, [id])).get(id);
      if (day === undefined) return undefined;
      const row = await db.selectFrom('alerts').select(columns)
        .where('id', '=', id).where('day', '=', day).executeTakeFirst();
      return row === undefined ? undefined : recordOf(row);
    },
  };
}

/** Those of the ids that are stored, partition by partition. */
export async function alertRows(
  { db, dialect }: StoreContext,
  ids: readonly string[],
): Promise<ReadonlyMap<string, AlertRow>> {
  const found = new Map<string, AlertRow>();
  if (ids.length === 0) return found;
  for (const [day, some] of byDay(await dialect.daysOf(db, ids))) {
    const rows = await db.selectFrom('alerts').select(columns)
      .where('day', '=', day).where('id', 'in', some).execute();
    for (const row of rows.map(recordOf)) found.set(row.alert.id, row);
  }
  return found;
}

/**
 * What incidents say of their alerts, one statement for those of one incident. Two transactions may
 * then lock in two orders; the one that loses is begun again (`isRaceError`).
 */
export async function markCorrelated(
  { dialect }: StoreContext,
  tx: Tx,
  correlated: ReadonlyMap<string, Placed>,
): Promise<void> {
  const ids = [...correlated.keys()].toSorted();
  for (let start = 0; start < ids.length; start += IDS_PER_STATEMENT) {
    const days = await dialect.daysOf(tx, ids.slice(start, start + IDS_PER_STATEMENT));
    for (const { day, mark, ids: alike } of groupsOf(days, correlated)) {
      const { handling, ref } = mark.handled;
      // The revision may have grown in between: then the alert stays uncorrelated, comes again.
      await tx.updateTable('alerts')
        .set({
          correlated_revision: mark.revision,
          incident_id: mark.incidentId,
          severity: severities.indexOf(mark.severity),
          handling: handling.kind,
          handling_ref: ref,
          handling_document: handling.kind === 'none' ? '' : JSON.stringify(handling),
        })
        .where('id', 'in', alike)
        .where('day', '=', day)
        .execute();
    }
  }
}

function groupsOf(days: AlertDays, correlated: ReadonlyMap<string, Placed>) {
  const groups = new Map<string, { day: number; mark: Placed; readonly ids: string[] }>();
  for (const [id, day] of days) {
    const mark = correlated.get(id);
    if (mark === undefined) continue;
    const { revision, incidentId, severity, handled: { handling, ref } } = mark;
    const key = JSON.stringify([day, revision, incidentId, severity, handling, ref]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { day, mark, ids: [id] });
    else group.ids.push(id);
  }
  return groups.values();
}

function byDay(days: AlertDays): ReadonlyMap<number, readonly string[]> {
  const grouped = new Map<number, string[]>();
  for (const [id, day] of days) {
    const group = grouped.get(day);
    if (group === undefined) grouped.set(day, [id]);
    else group.push(id);
  }
  return grouped;
}

async function listAlerts(
  { db, dialect }: StoreContext,
  filter: AlertFilter,
  page: Page,
): Promise<readonly AlertRow[]> {
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
    // Not LIKE: what a caller writes has no wildcards. T1059 finds T1059.004 too.
    query = query.where((eb) =>
      eb.or([
        dialect.contains(eb.ref('techniques'), `,${technique},`),
        dialect.contains(eb.ref('techniques'), `,${technique}.`),
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
    handling: row.handling_document === ''
      ? NOT_HANDLED
      : JSON.parse(row.handling_document) as Handling,
  };
}
