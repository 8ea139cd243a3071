import { sql } from 'kysely';

import { severities } from '../../baseline/alert.ts';
import type { IncidentWork } from '../incident/work.ts';
import type { Incident } from '../incident/incident.ts';
import { appendAudit } from './audit.ts';
import { insertNote, workColumns } from './desk-incidents.ts';
import { NO_WORK, describedIncident } from './desk-migration.ts';
import type { Tx } from './tables.ts';

/**
 * What lists and people know of incidents follows their correlation, in its transaction.
 *
 * An incident that a person closed and that gets a new alert, or becomes graver, is open again,
 * with everything that was said about it. A new incident instead would tear what an intruder did
 * before and after the closing apart, and to leave it closed would let whoever was once taken for
 * harmless go on unseen. (Once it was quiet for the window, correlation itself begins a new one.)
 * A later revision of an alert that was looked at changes nothing.
 */
const ROWS_PER_STATEMENT = 100;
const REOPENED_BY = 'lanner';

export async function followIncidents(
  tx: Tx,
  { incidents, merged, nowMs }: {
    readonly incidents: readonly Incident[];
    readonly merged: ReadonlyMap<string, string>;
    readonly nowMs: number;
  },
): Promise<void> {
  for (let start = 0; start < incidents.length; start += ROWS_PER_STATEMENT) {
    await follow(tx, incidents.slice(start, start + ROWS_PER_STATEMENT), nowMs);
  }
  for (const [from, into] of merged) {
    // What was said stays with the alerts it was said about.
    await tx.updateTable('incident_notes').set({ incident_id: into })
      .where('incident_id', '=', from).execute();
  }
}

async function follow(tx: Tx, incidents: readonly Incident[], nowMs: number): Promise<void> {
  const numbered = await tx.selectFrom('incidents').select(['number', 'id'])
    .where('id', 'in', incidents.map(({ id }) => id)).execute();
  const numbers = new Map(numbered.map(({ id, number }) => [id, number]));
  const rows = incidents.flatMap((incident) => {
    const number = numbers.get(incident.id);
    return number === undefined ? [] : [{ ...describedIncident(incident, number), ...NO_WORK }];
  });
  if (rows.length === 0) return;
  const written = await tx.insertInto('incident_desk').values(rows)
    .onConflict((conflict) =>
      conflict.column('id')
        .doUpdateSet((eb) => ({
          incident_revision: eb.ref('excluded.incident_revision'),
          state: eb.ref('excluded.state'),
          severity: eb.ref('excluded.severity'),
          alert_count: eb.ref('excluded.alert_count'),
          namespaces: eb.ref('excluded.namespaces'),
          image: eb.ref('excluded.image'),
          words: eb.ref('excluded.words'),
        }))
        .where('incident_desk.incident_revision', '<', sql<number>`excluded.incident_revision`))
    .returning(['id', 'severity', 'alert_count', 'closed_at', 'closed_alerts', 'closed_severity',
      'work', 'state'])
    .execute();
  for (const row of written) {
    const isClosed = row.closed_at > 0 && row.state === 'open';
    const isMore = row.alert_count > row.closed_alerts || row.severity > row.closed_severity;
    if (isClosed && isMore) await reopen(tx, row, nowMs);
  }
}

type Row = {
  readonly id: string;
  readonly work: string;
  readonly severity: number;
  readonly alert_count: number;
  readonly closed_alerts: number;
};

async function reopen(tx: Tx, row: Row, nowMs: number): Promise<void> {
  const work = JSON.parse(row.work) as IncidentWork;
  const next: IncidentWork = { ...work, revision: work.revision + 1, closed: null };
  await tx.updateTable('incident_desk').set(workColumns(next)).where('id', '=', row.id).execute();
  const text = row.alert_count > row.closed_alerts
    ? 'a new alert came after it was closed'
    : `it became ${severities[row.severity] ?? 'graver'} after it was closed`;
  // Its name follows from what it is about: written twice, it is one.
  const id = `${row.id}/reopened/${next.revision}`;
  const said = { by: REOPENED_BY, atMs: nowMs, text };
  await insertNote(tx, row.id, { id, kind: 'reopen', ...said });
  await appendAudit(tx, {
    atMs: nowMs,
    actor: REOPENED_BY,
    action: 'incident.reopen',
    subject: row.id,
    detail: { why: text, verdict: work.closed?.verdict, closedBy: work.closed?.by },
  });
}
