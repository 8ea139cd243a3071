import type { Alert } from '../../baseline/alert.ts';
import type { Page } from '../page.ts';
import type { Incident } from './incident.ts';

/** What this room asks of the store. */
export type IncidentRow = { readonly number: number; readonly incident: Incident };

export type UncorrelatedAlert = {
  readonly alert: Alert;
  /** Where an earlier revision of it was counted; empty when none was. */
  readonly incidentId: string;
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
};

export type Correlation = {
  readonly incidents: readonly Incident[];
  /** Alert id → revision seen and the incident it belongs to (empty for none). */
  readonly correlated: ReadonlyMap<string, { revision: number; incidentId: string }>;
  /** Incident id → the one that took its alerts over. */
  readonly merged: ReadonlyMap<string, string>;
  readonly nowMs: number;
  /** Whose turn it is to correlate; the store refuses it when another replica took over. */
  readonly lease?: { readonly name: string; readonly holder: string };
};
