import type { AlertKind, Severity } from '../../baseline/alert.ts';
import type { Incident } from '../incident/incident.ts';
import type { Handling } from '../incident/handling.ts';
import type { Scope } from '../incident/visibility.ts';
import type { IncidentNote, IncidentWork } from '../incident/work.ts';
import type { Page } from '../page.ts';
import type { AuditEntry } from '../respond/response-store.ts';
import type { Response } from '../respond/response.ts';
import type { AlertRow } from './faces.ts';

/** Lists as people look at them, and their work on incidents: what the desk asks of the store. */
export type { Scope };

/**
 * A part of a list, newest first. Looking for something rare stops after a bounded number of rows:
 * a page may be short or empty and `next` still say where to go on. Undefined is the end.
 */
export type Found<Row> = { readonly rows: readonly Row[]; readonly next?: number };

export type AlertSearch = {
  readonly scope: Scope;
  readonly severityMin?: Severity;
  readonly namespace?: string;
  readonly image?: string;
  readonly kind?: AlertKind;
  readonly technique?: string;
  readonly node?: string;
  readonly incidentId?: string;
  readonly workload?: string;
  readonly pod?: string;
  /** Absent: all but suppressed ones. */
  readonly handling?: Handling['kind'] | 'all';
  readonly q?: string;
  readonly fromMs?: number;
  /** Not included. */
  readonly toMs?: number;
};

export type CountDimension = 'severity' | 'namespace' | 'image' | 'technique';

export type CountQuery = {
  readonly scope: Scope;
  readonly fromMs: number;
  readonly toMs: number;
  readonly bucketMs: number;
  readonly by?: CountDimension;
  readonly severityMin?: Severity;
  readonly namespace?: string;
  readonly image?: string;
};

/** How many alerts there were from `atMs` on, for one bucket, with one `key` (empty without `by`). */
export type CountRow = { readonly atMs: number; readonly key: string; readonly count: number };

export type PodQuery = {
  readonly scope: Scope;
  readonly namespace?: string;
  readonly node?: string;
  readonly image?: string;
  readonly q?: string;
  readonly limit: number;
};

/** A pod that raised alerts, by the newest of them. */
export type PodRow = { readonly alerts: number; readonly last: AlertRow };

export type IncidentSearch = {
  readonly scope: Scope;
  readonly state?: 'open' | 'closed';
  readonly severityMin?: Severity;
  readonly namespace?: string;
  readonly image?: string;
  readonly assignee?: string;
  readonly isAcknowledged?: boolean;
  readonly q?: string;
};

export type WorkedIncident = {
  readonly number: number;
  readonly incident: Incident;
  readonly work: IncidentWork;
};

export type WorkChange = {
  readonly incidentId: string;
  /** As it is to be: written only over the revision before it. */
  readonly work: IncidentWork;
  /** What is kept of the step for those who read the incident later. */
  readonly note: IncidentNote;
  readonly audit: AuditEntry;
  /** Only while the incident is at this revision: the person has looked at no other. */
  readonly incidentRevision?: number;
};

export type WorkWritten = 'done' | 'conflict' | 'grown' | 'full';

/** `scansMax`: how many stretches of the list are read for it; absent for the usual. */
export type DeskPage = Page & { readonly scansMax?: number };

export type DeskStore = {
  pageAlerts(search: AlertSearch, page: DeskPage): Promise<Found<AlertRow>>;
  countAlerts(query: CountQuery): Promise<readonly CountRow[]>;
  listPods(
    query: PodQuery,
  ): Promise<{ readonly rows: readonly PodRow[]; readonly isPartial: boolean }>;
  pageIncidents(search: IncidentSearch, page: DeskPage): Promise<Found<WorkedIncident>>;
  readWorkedIncident(id: string): Promise<WorkedIncident | undefined>;
  /** With its audit record, and a change on the live stream. */
  writeWork(change: WorkChange): Promise<WorkWritten>;
  /** Oldest first. */
  listNotes(incidentId: string): Promise<readonly IncidentNote[]>;
  findProfileKeys(q: string, limit: number): Promise<readonly string[]>;
  /** Of the newest some thousand. */
  findResponses(
    query: { readonly scope: Scope; readonly q: string; readonly limit: number },
  ): Promise<readonly Response[]>;
};
