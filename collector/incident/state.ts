import type { Alert } from '../../baseline/alert.ts';
import type { Incident, IncidentAlert } from './incident.ts';

/**
 * The open incidents and how to find the one an alert belongs to. The indexes may hold ids of
 * incidents that are closed by now: a look-up goes on to `open`, and what is not there is nothing.
 */
export type IncidentState = {
  readonly open: ReadonlyMap<string, Incident>;
  /** Pod key → incident. */
  readonly byPod: ReadonlyMap<string, string>;
  /** Behaviour key → pod key → incident. */
  readonly byBehaviour: ReadonlyMap<string, ReadonlyMap<string, string>>;
};

export type Draft = {
  readonly open: Map<string, Incident>;
  readonly byPod: Map<string, string>;
  readonly byBehaviour: Map<string, ReadonlyMap<string, string>>;
};

export const INCIDENTS_OPEN_MAX = 2_000;
const BEHAVIOURS_MAX = 20_000;
const PODS_INDEXED_MAX = 20_000;
const PODS_PER_BEHAVIOUR_MAX = 200;

export const emptyState: IncidentState = {
  open: new Map(),
  byPod: new Map(),
  byBehaviour: new Map(),
};

/** The state after a restart, from the incidents that the store holds as open. */
export function restoreState(incidents: readonly Incident[]): IncidentState {
  const draft: Draft = { open: new Map(), byPod: new Map(), byBehaviour: new Map() };
  for (const incident of incidents.slice(0, INCIDENTS_OPEN_MAX)) {
    draft.open.set(incident.id, incident);
    indexIncident(draft, incident);
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

export function behaviourKeysOf(cluster: string, alert: IncidentAlert): readonly string[] {
  if (alert.imageRepository === '') return [];
  return alert.behaviours.map((behaviour) =>
    JSON.stringify([cluster, alert.imageRepository, behaviour]));
}

export function indexIncident(draft: Draft, incident: Incident): void {
  for (const alert of incident.alerts) {
    draft.byPod.set(alert.podKey, incident.id);
    for (const key of behaviourKeysOf(incident.cluster, alert)) {
      indexBehaviour(draft, key, alert.podKey, incident.id);
    }
  }
}

export function indexBehaviour(
  draft: Draft,
  key: string,
  podKey: string,
  incidentId: string,
): void {
  const pods = draft.byBehaviour.get(key);
  if (pods?.get(podKey) === incidentId) return;
  if (pods !== undefined && pods.size >= PODS_PER_BEHAVIOUR_MAX && !pods.has(podKey)) return;
  draft.byBehaviour.set(key, new Map(pods ?? []).set(podKey, incidentId));
}

/** Index entries of closed incidents go when they would outgrow the bound. */
export function boundIndexes(draft: Draft): void {
  if (draft.byPod.size <= PODS_INDEXED_MAX && draft.byBehaviour.size <= BEHAVIOURS_MAX) return;
  draft.byPod.clear();
  draft.byBehaviour.clear();
  for (const incident of draft.open.values()) {
    if (draft.byPod.size > PODS_INDEXED_MAX / 2) return;
    if (draft.byBehaviour.size > BEHAVIOURS_MAX / 2) return;
    indexIncident(draft, incident);
  }
}
