import type { Alert, Severity } from '../../baseline/alert.ts';
import type { Page } from '../page.ts';
import type { FatigueRecord, Handled, HandlingKind } from './handling.ts';
import type { Incident } from './incident.ts';

/** What this room asks of the store. */
export type IncidentRow = { readonly number: number; readonly incident: Incident };

export type UncorrelatedAlert = {
  readonly alert: Alert;
  /** Where an earlier revision of it was counted; empty when none was. */
  readonly incidentId: string;
  /** How an earlier revision was dealt with; undefined when this is the first. */
  readonly before: { readonly kind: HandlingKind; readonly ref: string } | undefined;
  readonly receivedAtMs: number;
};

export type IncidentStore = {
  /** Alerts whose newest revision no incident has seen yet, oldest first. */
  uncorrelatedAlerts(limit: number): Promise<readonly UncorrelatedAlert[]>;
  openIncidents(limit: number): Promise<readonly Incident[]>;
  /** Incidents, the alerts' membership and what was correlated, in one transaction. */
  saveCorrelation(result: Correlation): Promise<void>;
  listIncidents(
    filter: { readonly state?: Incident['state']; readonly namespace?: string },
    page: Page,
  ): Promise<readonly IncidentRow[]>;
  readIncident(id: string): Promise<IncidentRow | undefined>;
  /** Those of the ids that are stored, open or closed. */
  incidentsById(ids: readonly string[]): Promise<readonly Incident[]>;
};

/** What correlation says of one alert. */
export type Placed = {
  readonly revision: number;
  /** Empty for none. */
  readonly incidentId: string;
  readonly handled: Handled;
  readonly severity: Severity;
};

export type Correlation = {
  readonly incidents: readonly Incident[];
  /** By the alert's id. */
  readonly correlated: ReadonlyMap<string, Placed>;
  /** Incident id → the one that took its alerts over. */
  readonly merged: ReadonlyMap<string, string>;
  readonly fatigue?: FatigueRecord;
  readonly nowMs: number;
  /** Whose turn it is to correlate; the store refuses it when another replica took over. */
  readonly lease?: { readonly name: string; readonly holder: string };
};
