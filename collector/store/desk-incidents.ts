import { sql } from 'kysely';

import { severities } from '../../baseline/alert.ts';
import type {
  DeskPage,
  DeskStore,
  Found,
  IncidentSearch,
  WorkChange,
  WorkWritten,
  WorkedIncident,
} from './desk-face.ts';
import { COMMENTS_MAX, NOTES_MAX } from '../incident/work.ts';
import type { IncidentNote, IncidentWork } from '../incident/work.ts';
import type { Incident } from '../incident/incident.ts';
import { appendAudit } from './audit.ts';
import { recordChanges } from './changes.ts';
import { narrowed } from './desk-alerts.ts';
import { scan } from './desk-scan.ts';
import type { Condition, Numbered } from './desk-scan.ts';
import { folded } from './desk-words.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Tx } from './tables.ts';

/** Incidents as people look for them and work on them. */
export function deskIncidentStore(
  context: StoreContext,
): Pick<DeskStore, 'pageIncidents' | 'readWorkedIncident' | 'writeWork' | 'listNotes'> {
  const { db, announcer } = context;
  return {
    pageIncidents: (search, page) => pageIncidents(context, search, page),
    readWorkedIncident: async (id) => {
      const row = await db.selectFrom('incident_desk').select(['number', 'work'])
        .where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : (await readNumbers(context, [row]))[0];
    },
    writeWork: async (change) => {
      const written = await transact(context, (tx) => writeWork(context, tx, change));
      if (written === 'done') announcer.announce();
      return written;
    },
    listNotes: async (incidentId) => {
      const rows = await db.selectFrom('incident_notes').selectAll()
        .where('incident_id', '=', incidentId).orderBy('number').limit(NOTES_LISTED_MAX).execute();
      return rows.map((row) => ({
        id: row.id,
        kind: row.kind as IncidentNote['kind'],
        by: row.said_by,
        atMs: row.said_at,
        text: row.text,
      }));
    },
  };
}

/** Merging adds up those of several incidents. */
const NOTES_LISTED_MAX = 4 * NOTES_MAX;

const COLUMNS = [
  'state',
  'severity',
  'namespaces',
  'image',
  'assignee',
  'acknowledged_at',
  'closed_at',
  'words',
  'work',
];

type Place = Numbered & { readonly work: string };

async function pageIncidents(
  context: StoreContext,
  search: IncidentSearch,
  page: DeskPage,
): Promise<Found<WorkedIncident>> {
  const { dialect } = context;
  const { scope, state, severityMin, image, assignee, isAcknowledged, q } = search;
  const within = narrowed(scope, search.namespace);
  if (within !== 'all' && within.length === 0) return { rows: [] };
  const near: Condition[] = [];
  const rest: Condition[] = [];
  if (state === 'open') near.push(sql`state = 'open' AND closed_at = 0`);
  if (state === 'closed') rest.push(sql`(state <> 'open' OR closed_at > 0)`);
  if (assignee !== undefined) near.push(sql`assignee = ${assignee} AND assignee <> ''`);
  if (image !== undefined) (near.length > 0 ? rest : near).push(sql`image = ${image}`);
  if (severityMin !== undefined) {
    rest.push(sql`severity >= ${severities.indexOf(severityMin)}`);
  }
  if (isAcknowledged !== undefined) {
    rest.push(isAcknowledged ? sql`acknowledged_at > 0` : sql`acknowledged_at = 0`);
  }
  if (within !== 'all') {
    const any = within.map((name) => dialect.contains(sql.ref<string>('namespaces'), `,${name},`));
    rest.push(sql`(${sql.join(any, sql` OR `)})`);
  }
  if (q !== undefined) rest.push(dialect.contains(sql.ref<string>('words'), folded(q)));
  const { rows, next } = await scan<Place>(context.db, {
    table: 'incident_desk',
    columns: COLUMNS,
    near,
    rest,
  }, page);
  const incidents = await readNumbers(context, rows);
  return { rows: incidents, ...(next === undefined ? {} : { next }) };
}

async function readNumbers(
  { db }: StoreContext,
  wanted: readonly Place[],
): Promise<readonly WorkedIncident[]> {
  if (wanted.length === 0) return [];
  const rows = await db.selectFrom('incidents').select(['number', 'document'])
    .where('number', 'in', wanted.map(({ number }) => number)).execute();
  const documents = new Map(rows.map(({ number, document }) => [number, document]));
  return wanted.flatMap(({ number, work }) => {
    const document = documents.get(number);
    if (document === undefined) return [];
    const incident = JSON.parse(document) as Incident;
    return [{ number, incident, work: JSON.parse(work) as IncidentWork }];
  });
}

async function writeWork(
  context: StoreContext,
  tx: Tx,
  change: WorkChange,
): Promise<WorkWritten> {
  const { incidentId, work, note, audit, incidentRevision } = change;
  if (!await lock(tx, incidentId)) return 'conflict';
  if (await isFull(tx, incidentId, note)) return 'full';
  const current = await tx.selectFrom('incident_desk').select(['revision', 'incident_revision'])
    .where('id', '=', incidentId).executeTakeFirstOrThrow();
  if (note.kind !== 'comment') {
    if (current.revision !== work.revision - 1) return 'conflict';
    if (incidentRevision !== undefined && current.incident_revision !== incidentRevision) {
      return 'grown';
    }
    await tx.updateTable('incident_desk').set(workColumns(work)).where('id', '=', incidentId)
      .execute();
  }
  await insertNote(tx, incidentId, note);
  await appendAudit(tx, audit);
  await recordChanges(context, tx, [{ kind: 'incident', id: incidentId }]);
  return 'done';
}

/** From here to the commit nobody else writes this incident's work, nor lets it grow. */
async function lock(tx: Tx, id: string): Promise<boolean> {
  const { numUpdatedRows } = await tx.updateTable('incident_desk')
    .set((eb) => ({ revision: eb.ref('revision') })).where('id', '=', id)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

async function isFull(tx: Tx, incidentId: string, { kind }: IncidentNote): Promise<boolean> {
  const { count } = await tx.selectFrom('incident_notes')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('incident_id', '=', incidentId).executeTakeFirstOrThrow();
  return count >= (kind === 'comment' ? COMMENTS_MAX : NOTES_MAX);
}

const workColumns = (work: IncidentWork) => ({
  revision: work.revision,
  assignee: work.assignee ?? '',
  acknowledged_at: work.acknowledged?.atMs ?? 0,
  closed_at: work.closed?.atMs ?? 0,
  closed_alerts: sql<number>`alert_count`,
  closed_severity: sql<number>`severity`,
  work: JSON.stringify(work),
});

export async function insertNote(tx: Tx, incidentId: string, note: IncidentNote): Promise<void> {
  await tx.insertInto('incident_notes').values({
    id: note.id,
    incident_id: incidentId,
    kind: note.kind,
    said_by: note.by,
    said_at: note.atMs,
    text: note.text,
  }).onConflict((conflict) => conflict.column('id').doNothing()).execute();
}

export { workColumns };
