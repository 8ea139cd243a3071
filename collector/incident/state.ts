import type { Alert } from '../../baseline/alert.ts';
import type { Incident, IncidentAlert } from './incident.ts';
import { insertEntry } from './runs.ts';
import type { Entry } from './runs.ts';

/**
 * The open incidents and how to find those that an alert belongs to. The index may hold ids of
 * incidents that are closed by now: a look-up goes on to `open`, and what is not there is nothing.
 */
export type IncidentState = {
  readonly open: ReadonlyMap<string, Incident>;
  /** Pod, or behaviour of a workload or of an image → the alerts that have it. */
  readonly entries: ReadonlyMap<string, readonly Entry[]>;
};

export type Draft = {
  readonly open: Map<string, Incident>;
  readonly entries: Map<string, readonly Entry[]>;
};

export const INCIDENTS_OPEN_MAX = 2_000;
const KEYS_MAX = 40_000;
/** An agent's clock that runs ahead must not keep an incident open for years. */
const CLOCK_AHEAD_MAX_MS = 5 * 60_000;

export const emptyState: IncidentState = { open: new Map(), entries: new Map() };

/** The state after a restart, from the incidents that the store holds as open. */
export function restoreState(incidents: readonly Incident[], windowMs: number): IncidentState {
  const draft: Draft = { open: new Map(), entries: new Map() };
  for (const incident of incidents.slice(0, INCIDENTS_OPEN_MAX)) {
    draft.open.set(incident.id, incident);
    indexIncident(draft, incident, windowMs);
  }
  return draft;
}

/** Alerts without a pod (plain docker, the host, a sensor) belong to their container's place. */
export function podKeyOf(
  alert: Pick<Alert, 'podUid' | 'cluster' | 'node' | 'containerId' | 'kind'>,
): string {
  if (alert.kind === 'sensor') return JSON.stringify(['sensor', alert.cluster, alert.node]);
  return alert.podUid === ''
    ? JSON.stringify(['container', alert.cluster, alert.node, alert.containerId])
    : JSON.stringify(['pod', alert.podUid]);
}

export type KeyKind = 'pod' | 'workload' | 'image';

export type Key = { readonly kind: KeyKind; readonly text: string };

/** What an alert is found by, and what finds it. */
export function keysOf(cluster: string, alert: IncidentAlert): readonly Key[] {
  const keys: Key[] = [{ kind: 'pod', text: alert.podKey }];
  const { namespace = '', workload = '', imageRepository, behaviours } = alert;
  for (const behaviour of behaviours) {
    if (workload !== '') {
      const text = JSON.stringify(['workload', cluster, namespace, workload, behaviour]);
      keys.push({ kind: 'workload', text });
    }
    if (imageRepository !== '') {
      keys.push({ kind: 'image', text: JSON.stringify([cluster, imageRepository, behaviour]) });
    }
  }
  return keys;
}

/** A record informs: it joins an incident and draws nothing into it. */
export const isTrouble = ({ severity, kind }: Pick<IncidentAlert, 'severity' | 'kind'>): boolean =>
  severity !== 'informational' && kind !== 'session' && kind !== 'upgrade';

export function entryOf(alert: IncidentAlert, incidentId: string, nowMs: number): Entry {
  const firstMs = timeOf(alert.firstTime, nowMs);
  const lastMs = Math.max(firstMs, timeOf(alert.lastTime, nowMs));
  return { podKey: alert.podKey, firstMs, lastMs, incidentId };
}

export function indexAlert(
  draft: Draft,
  cluster: string,
  alert: IncidentAlert,
  at: { readonly entry: Entry; readonly windowMs: number },
): void {
  if (!isTrouble(alert)) return;
  for (const { text } of keysOf(cluster, alert)) {
    draft.entries.set(text, insertEntry(draft.entries.get(text) ?? [], at.entry, at.windowMs));
  }
}

export function indexIncident(draft: Draft, incident: Incident, windowMs: number): void {
  for (const alert of incident.alerts) {
    const entry = entryOf(alert, incident.id, incident.updatedAtMs);
    indexAlert(draft, incident.cluster, alert, { entry, windowMs });
  }
}

/** Entries of closed incidents go when they would outgrow the bound. */
export function boundIndex(draft: Draft, windowMs: number): void {
  if (draft.entries.size <= KEYS_MAX) return;
  draft.entries.clear();
  for (const incident of draft.open.values()) {
    if (draft.entries.size > KEYS_MAX / 2) return;
    indexIncident(draft, incident, windowMs);
  }
}

function timeOf(text: string, nowMs: number): number {
  const time = Date.parse(text);
  return Number.isNaN(time) ? nowMs : Math.min(time, nowMs + CLOCK_AHEAD_MAX_MS);
}
