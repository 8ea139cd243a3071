import { severities } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import { namespacesOf } from '../incident/visibility.ts';
import { UNTOUCHED } from '../incident/work.ts';
import type { Incident } from '../incident/incident.ts';
import { alertWords, incidentWords } from './desk-words.ts';
import type { Tx } from './tables.ts';

/**
 * What lists are filtered and searched by. One index per filter that finds few among many, each
 * with the order of the list in it; what is left is looked for row by row, a bounded number of
 * rows at a time (`desk-scan.ts`).
 */
export const deskMigration = {
  number: 4,
  name: 'the desk',
  sqlite: `DROP INDEX alerts_received`,
  sql: `
    ALTER TABLE alerts ADD COLUMN workload TEXT NOT NULL DEFAULT '';
    ALTER TABLE alerts ADD COLUMN pod TEXT NOT NULL DEFAULT '';
    ALTER TABLE alerts ADD COLUMN words TEXT NOT NULL DEFAULT '';
    CREATE INDEX alerts_namespace ON alerts (namespace, number);
    CREATE INDEX alerts_image ON alerts (image, number);
    CREATE INDEX alerts_node ON alerts (node, number);
    CREATE INDEX alerts_workload ON alerts (workload, number);
    CREATE INDEX alerts_pod ON alerts (pod, number);
    CREATE INDEX alerts_high ON alerts (number) WHERE severity >= 3;
    CREATE INDEX alerts_critical ON alerts (number) WHERE severity >= 4;
    CREATE INDEX alerts_time ON alerts (received_at, severity, namespace, image);
    CREATE TABLE incident_desk (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      incident_revision INTEGER NOT NULL,
      state TEXT NOT NULL,
      severity INTEGER NOT NULL,
      alert_count INTEGER NOT NULL,
      namespaces TEXT NOT NULL,
      image TEXT NOT NULL,
      words TEXT NOT NULL,
      revision INTEGER NOT NULL,
      assignee TEXT NOT NULL,
      acknowledged_at INTEGER NOT NULL,
      closed_at INTEGER NOT NULL,
      closed_alerts INTEGER NOT NULL,
      closed_severity INTEGER NOT NULL,
      work TEXT NOT NULL
    );
    CREATE INDEX incident_desk_open ON incident_desk (number)
      WHERE state = 'open' AND closed_at = 0;
    CREATE INDEX incident_desk_assignee ON incident_desk (assignee, number)
      WHERE assignee <> '';
    CREATE INDEX incident_desk_image ON incident_desk (image, number);
    CREATE TABLE incident_notes (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      incident_id TEXT NOT NULL,
      kind TEXT NOT NULL,
      said_by TEXT NOT NULL,
      said_at INTEGER NOT NULL,
      text TEXT NOT NULL
    );
    CREATE INDEX incident_notes_incident ON incident_notes (incident_id, number);
  `,
  run: async (tx: Tx): Promise<void> => {
    await describeAlerts(tx);
    await describeIncidents(tx);
  },
} as const;

const ROWS_PER_READ = 500;

async function describeAlerts(tx: Tx): Promise<void> {
  for (let after = 0;;) {
    const rows = await tx.selectFrom('alerts').select(['number', 'day', 'document'])
      .where('number', '>', after).orderBy('number').limit(ROWS_PER_READ).execute();
    for (const { number, day, document } of rows) {
      const alert = JSON.parse(document) as Alert;
      const { workload, pod } = alert;
      await tx.updateTable('alerts').set({ workload, pod, words: alertWords(alert) })
        .where('number', '=', number).where('day', '=', day).execute();
      after = number;
    }
    if (rows.length < ROWS_PER_READ) return;
  }
}

async function describeIncidents(tx: Tx): Promise<void> {
  for (let after = 0;;) {
    const rows = await tx.selectFrom('incidents').select(['number', 'document'])
      .where('number', '>', after).orderBy('number').limit(ROWS_PER_READ).execute();
    for (const { number, document } of rows) {
      const incident = JSON.parse(document) as Incident;
      await tx.insertInto('incident_desk')
        .values({ ...describedIncident(incident, number), ...NO_WORK }).execute();
      after = number;
    }
    if (rows.length < ROWS_PER_READ) return;
  }
}

export const NO_WORK = {
  revision: 0,
  assignee: '',
  acknowledged_at: 0,
  closed_at: 0,
  closed_alerts: 0,
  closed_severity: 0,
  work: JSON.stringify(UNTOUCHED),
};

/** What is looked for in an incident; follows it in the transaction that writes it. */
export const describedIncident = (incident: Incident, number: number) => ({
  number,
  id: incident.id,
  incident_revision: incident.revision,
  state: incident.state,
  severity: severities.indexOf(incident.severity),
  alert_count: incident.alertCount,
  namespaces: `,${namespacesOf(incident).join(',')},`,
  image: incident.imageRepository,
  words: incidentWords(incident),
});
