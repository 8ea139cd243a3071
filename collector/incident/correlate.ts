import { severities } from '../../baseline/alert.ts';
import type { Alert, Severity } from '../../baseline/alert.ts';
import { foldAlert, keptOf, mergeIncidents, podOf, summarise } from './fold.ts';
import type { Incident } from './incident.ts';
import {
  INCIDENTS_OPEN_MAX,
  behaviourKeysOf,
  boundIndexes,
  indexBehaviour,
  indexIncident,
  podKeyOf,
} from './state.ts';
import type { Draft, IncidentState } from './state.ts';

/**
 * Which alerts belong together. An alert joins
 *  1. the incident that an earlier revision of it is in,
 *  2. the open incident of its pod, when not more than `windowMs` lies between them,
 *  3. the incidents of the pods that show the same behaviour of the same image, once those are
 *     `behaviourPods` pods or more;
 * where these are several, they become one: the oldest. Pure: all state comes in and goes out.
 * Bounds: `INCIDENTS_OPEN_MAX` (the longest quiet is closed first, and the effect says so), and the
 * bounds of `state.ts` and `fold.ts`.
 */
export type IncidentSettings = {
  readonly windowMs: number;
  readonly behaviourPods: number;
  /** An incident that only repeats itself is told again after this long. */
  readonly coolDownMs: number;
};

export type Arrival = { readonly alert: Alert; readonly incidentId: string };

export type NotifyReason = 'opened' | 'escalated' | 'spread' | 'repeated';

export type IncidentEffect =
  | { readonly kind: 'grown'; readonly incidentId: string; readonly alert: Alert }
  | { readonly kind: 'notify'; readonly incidentId: string; readonly reason: NotifyReason }
  | { readonly kind: 'merged'; readonly from: string; readonly into: string }
  | { readonly kind: 'closed'; readonly incidentId: string; readonly because: ClosedBecause };

type ClosedBecause = 'quiet' | 'merged' | 'capacity';

export type Correlated = {
  readonly state: IncidentState;
  readonly effects: readonly IncidentEffect[];
  /** Every incident that changed, closed ones included. */
  readonly changed: ReadonlyMap<string, Incident>;
  /** Alert id → where it is now; empty for an alert that stands alone. */
  readonly placed: ReadonlyMap<string, { revision: number; incidentId: string }>;
};

/** An agent's clock that runs ahead must not keep an incident open for years. */
const CLOCK_AHEAD_MAX_MS = 5 * 60_000;

type Run = {
  readonly draft: Draft;
  readonly effects: IncidentEffect[];
  readonly changed: Map<string, Incident>;
  readonly settings: IncidentSettings;
  readonly nowMs: number;
};

function begin(state: IncidentState, settings: IncidentSettings, nowMs: number): Run {
  return {
    draft: {
      open: new Map(state.open),
      byPod: new Map(state.byPod),
      byBehaviour: new Map(state.byBehaviour),
    },
    effects: [],
    changed: new Map(),
    settings,
    nowMs,
  };
}

export function correlate(
  state: IncidentState,
  arrivals: readonly Arrival[],
  nowMs: number,
  settings: IncidentSettings,
): Correlated {
  const run = begin(state, settings, nowMs);
  const placed = new Map<string, { revision: number; incidentId: string }>();
  for (const arrival of arrivals) {
    const incidentId = place(run, arrival);
    placed.set(arrival.alert.id, { revision: arrival.alert.revision, incidentId });
  }
  // A merge may have moved what an earlier alert of this call was placed in.
  for (const [id, { revision, incidentId }] of placed) {
    placed.set(id, { revision, incidentId: survivorOf(run, incidentId) });
  }
  boundIndexes(run.draft);
  return { state: run.draft, effects: run.effects, changed: run.changed, placed };
}

/** Closes what has been quiet for a window of the collector's own time. */
export function closeQuiet(
  state: IncidentState,
  nowMs: number,
  settings: IncidentSettings,
): Correlated {
  const run = begin(state, settings, nowMs);
  for (const incident of state.open.values()) {
    if (nowMs - incident.updatedAtMs > settings.windowMs) close(run, incident, 'quiet');
  }
  return { state: run.draft, effects: run.effects, changed: run.changed, placed: new Map() };
}

function survivorOf(run: Run, incidentId: string): string {
  let here = incidentId;
  // Each step leads to an older incident, so this ends; the bound only says so aloud.
  for (let step = 0; step < INCIDENTS_OPEN_MAX; step += 1) {
    const into = run.changed.get(here)?.mergedInto ?? '';
    if (into === '') return here;
    here = into;
  }
  return here;
}

function place(run: Run, arrival: Arrival): string {
  const { alert } = arrival;
  const candidates = findCandidates(run, arrival);
  if (candidates.length === 0) {
    if (!opensIncident(alert)) return '';
    return open(run, alert);
  }
  const [target, ...others] = candidates.toSorted((a, b) =>
    a.openedAtMs - b.openedAtMs || (a.id < b.id ? -1 : 1));
  if (target === undefined) return '';
  let grown = foldAlert(target, {
    alert,
    wasCounted: arrival.incidentId === target.id,
    nowMs: run.nowMs,
  });
  for (const other of others) {
    grown = mergeIncidents(grown, other, run.nowMs);
    close(run, { ...other, mergedInto: target.id }, 'merged');
    run.effects.push({ kind: 'merged', from: other.id, into: target.id });
  }
  if (others.length > 0) indexIncident(run.draft, grown);
  settle(run, target, markShared(run, grown, alert), alert);
  return target.id;
}

/** An operator's session or an upgrade is news, not trouble: it joins, but opens nothing. */
function opensIncident(alert: Alert): boolean {
  return alert.severity !== 'informational' && alert.kind !== 'session' && alert.kind !== 'upgrade';
}

function findCandidates(run: Run, { alert, incidentId }: Arrival): readonly Incident[] {
  const { open, byPod, byBehaviour } = run.draft;
  const found = new Map<string, Incident>();
  const add = (id: string | undefined): void => {
    const incident = id === undefined ? undefined : open.get(id);
    if (incident) found.set(incident.id, incident);
  };
  add(incidentId === '' ? undefined : incidentId);
  const podKey = podKeyOf(alert);
  const ofPod = open.get(byPod.get(podKey) ?? '');
  if (ofPod && isNear(run, ofPod, alert)) add(ofPod.id);
  if (!opensIncident(alert)) return [...found.values()];
  for (const key of keysOf(alert)) {
    const near = [...byBehaviour.get(key) ?? []].filter(([, id]) => {
      const incident = open.get(id);
      return incident !== undefined && isNear(run, incident, alert);
    });
    const pods = new Set(near.map(([pod]) => pod)).add(podKey);
    if (pods.size >= run.settings.behaviourPods) for (const [, id] of near) add(id);
  }
  return [...found.values()];
}

function keysOf(alert: Alert): readonly string[] {
  return behaviourKeysOf(alert.cluster, keptOf(alert));
}

function isNear(run: Run, incident: Incident, alert: Alert): boolean {
  const first = timeOf(run, alert.firstTime);
  const last = timeOf(run, alert.lastTime);
  const { windowMs } = run.settings;
  return first - timeOf(run, incident.lastTime) <= windowMs &&
    timeOf(run, incident.firstTime) - last <= windowMs;
}

function timeOf(run: Run, text: string): number {
  const time = Date.parse(text);
  return Number.isNaN(time) ? run.nowMs : Math.min(time, run.nowMs + CLOCK_AHEAD_MAX_MS);
}

function open(run: Run, alert: Alert): string {
  makeRoom(run);
  const id = `incident-${alert.id}`;
  // The first alert of a pod after a quiet time may be the revision of an alert whose own incident
  // was closed: that id is taken, and the store must not reopen what an analyst saw closed.
  const free = run.draft.open.has(id) || alert.revision > 1 ? `${id}-${alert.revision}` : id;
  const incident = summarise({
    id: free,
    revision: 1,
    state: 'open',
    closedBecause: '',
    mergedInto: '',
    scope: 'pod',
    sharedBehaviour: '',
    cluster: alert.cluster,
    namespace: alert.namespace,
    workload: alert.workload,
    imageRepository: alert.image.repository,
    severity: alert.severity,
    score: alert.score,
    title: alert.reason,
    firstTime: alert.firstTime,
    lastTime: alert.lastTime,
    openedAtMs: run.nowMs,
    updatedAtMs: run.nowMs,
    notifiedAtMs: 0,
    alertCount: 1,
    eventCount: alert.count,
    pods: [podOf(alert)],
    podsDropped: 0,
    techniques: alert.techniques,
    alerts: [keptOf(alert)],
    alertsDropped: 0,
  });
  settle(run, undefined, markShared(run, incident, alert), alert);
  return incident.id;
}

/** Says so when one of the alert's behaviours is now on many pods of this incident. */
function markShared(run: Run, incident: Incident, alert: Alert): Incident {
  if (incident.scope === 'behaviour' || !opensIncident(alert)) return incident;
  const podsOf = new Map<string, Set<string>>();
  for (const kept of incident.alerts) {
    if (kept.imageRepository !== alert.image.repository) continue;
    for (const behaviour of kept.behaviours) {
      podsOf.set(behaviour, (podsOf.get(behaviour) ?? new Set()).add(kept.podKey));
    }
  }
  const [shared] = [...podsOf]
    .filter(([, pods]) => pods.size >= run.settings.behaviourPods)
    .toSorted(([a, left], [b, right]) => right.size - left.size || (a < b ? -1 : 1));
  if (shared === undefined) return incident;
  return summarise({ ...incident, scope: 'behaviour', sharedBehaviour: shared[0] });
}

function settle(run: Run, before: Incident | undefined, after: Incident, alert: Alert): void {
  if (before !== undefined && after.revision === before.revision) return;
  const reason = notifyReason(run, before, after);
  const incident = reason === undefined ? after : { ...after, notifiedAtMs: run.nowMs };
  run.draft.open.set(incident.id, incident);
  run.changed.set(incident.id, incident);
  run.draft.byPod.set(podKeyOf(alert), incident.id);
  for (const key of keysOf(alert)) {
    if (opensIncident(alert)) indexBehaviour(run.draft, key, podKeyOf(alert), incident.id);
  }
  run.effects.push({ kind: 'grown', incidentId: incident.id, alert });
  if (reason !== undefined) run.effects.push({ kind: 'notify', incidentId: incident.id, reason });
}

function notifyReason(
  run: Run,
  before: Incident | undefined,
  after: Incident,
): NotifyReason | undefined {
  if (before === undefined) return 'opened';
  const step = (severity: Severity): number => severities.indexOf(severity);
  if (step(after.severity) > step(before.severity)) return 'escalated';
  if (after.scope !== before.scope) return 'spread';
  return run.nowMs - before.notifiedAtMs >= run.settings.coolDownMs ? 'repeated' : undefined;
}

function close(run: Run, incident: Incident, because: ClosedBecause): void {
  const closed: Incident = {
    ...incident,
    revision: incident.revision + 1,
    state: 'closed',
    closedBecause: because,
  };
  run.draft.open.delete(incident.id);
  run.changed.set(incident.id, closed);
  run.effects.push({ kind: 'closed', incidentId: incident.id, because });
}

function makeRoom(run: Run): void {
  if (run.draft.open.size < INCIDENTS_OPEN_MAX) return;
  let quietest: Incident | undefined;
  for (const incident of run.draft.open.values()) {
    if (quietest === undefined || incident.updatedAtMs < quietest.updatedAtMs) quietest = incident;
  }
  if (quietest) close(run, quietest, 'capacity');
}
