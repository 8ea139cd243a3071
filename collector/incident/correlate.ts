import { severities } from '../../baseline/alert.ts';
import type { Alert, Severity } from '../../baseline/alert.ts';
import {
  WIDE_PODS,
  WORKLOAD_PODS,
  countAgain,
  foldAlert,
  keptOf,
  mergeIncidents,
  podOf,
  summarise,
} from './fold.ts';
import { UNHANDLED, shownSeverity } from './handling.ts';
import type { Handled } from './handling.ts';
import type { Placed } from './incident-store.ts';
import type { Incident } from './incident.ts';
import { runOf } from './runs.ts';
import {
  INCIDENTS_OPEN_MAX,
  boundIndex,
  entryOf,
  indexAlert,
  indexIncident,
  isTrouble,
  keysOf,
} from './state.ts';
import type { Draft, IncidentState, KeyKind } from './state.ts';

/**
 * Which alerts belong together. An alert joins
 *  1. the incident that an earlier revision of it is in,
 *  2. those of the alerts of its pod that are in one run with it (`runs.ts`),
 *  3. those of the pods of its workload that show the same behaviour in one run with it, from the
 *     second pod on, and of the pods of its image from `behaviourPods` pods on;
 * where these are several, they become one: the oldest. Which alerts end up together is the same
 * for any order of arrival, as long as none of the incidents was closed in between.
 *
 * What was quietened before (`handling.ts`) opens nothing: suppressed alerts are not looked at,
 * those of a maintenance window come as informational ones, and repetitions are counted at the
 * first one's incident, also when that is closed. Pure: all state comes in and goes out. Bounds:
 * `INCIDENTS_OPEN_MAX` (the longest quiet is closed first, and the effect says so), and the bounds
 * of `state.ts`, `runs.ts` and `fold.ts`.
 */
export type IncidentSettings = {
  readonly windowMs: number;
  readonly behaviourPods: number;
  /** An incident that only repeats itself is told again after this long. */
  readonly coolDownMs: number;
};

export type Arrival = {
  readonly alert: Alert;
  readonly incidentId: string;
  /** Absent: nobody was asked how to deal with it. */
  readonly handled?: Handled;
  /** An earlier revision of it repeated something, and was counted as that. */
  readonly wasAgain?: boolean;
  /** Where what it repeats was counted, when that is not open any more. */
  readonly closed?: Incident;
};

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
  /** By the alert's id: where it is now; nowhere for an alert that stands alone. */
  readonly placed: ReadonlyMap<string, Placed>;
};

type Run = {
  readonly draft: Draft;
  readonly effects: IncidentEffect[];
  readonly changed: Map<string, Incident>;
  readonly settings: IncidentSettings;
  readonly nowMs: number;
};

function begin(state: IncidentState, settings: IncidentSettings, nowMs: number): Run {
  return {
    draft: { open: new Map(state.open), entries: new Map(state.entries) },
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
  const placed = new Map<string, Placed>();
  for (const arrival of arrivals) {
    const { alert, handled = UNHANDLED } = arrival;
    const severity = shownSeverity(alert, handled.handling);
    const shown = { ...arrival, alert: severity === alert.severity ? alert : { ...alert, severity } };
    const incidentId = handled.handling.kind === 'cooled'
      ? repeat(run, shown, placed)
      : place(run, shown);
    placed.set(alert.id, { revision: alert.revision, incidentId, handled, severity });
  }
  // A merge may have moved what an earlier alert of this call was placed in.
  for (const [id, one] of placed) {
    placed.set(id, { ...one, incidentId: survivorOf(run, one.incidentId) });
  }
  boundIndex(run.draft, settings.windowMs);
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
  const { alert, incidentId, handled } = arrival;
  // What was told stays where it is; nothing more comes of it.
  if (handled?.handling.kind === 'suppressed') return incidentId;
  const candidates = findCandidates(run, arrival);
  if (candidates.length > 0) return join(run, arrival, candidates);
  return isTrouble(alert) ? open(run, alert) : incidentId;
}

/** Where what it repeats was counted. */
function repeat(
  run: Run,
  arrival: Arrival,
  placed: ReadonlyMap<string, Placed>,
): string {
  const { alert, incidentId, handled, wasAgain = false } = arrival;
  const { joins } = handled ?? UNHANDLED;
  const first = joins?.incidentId || (placed.get(joins?.alertId ?? '')?.incidentId ?? '');
  const target = survivorOf(run, first);
  const candidates = findCandidates(run, { ...arrival, incidentId: incidentId || target });
  if (candidates.length > 0) return join(run, arrival, candidates);
  const closed = run.changed.get(target) ?? arrival.closed;
  if (closed === undefined || wasAgain) return incidentId || (closed?.id ?? '');
  run.changed.set(closed.id, countAgain(closed, alert));
  return closed.id;
}

function join(run: Run, arrival: Arrival, candidates: readonly Incident[]): string {
  const { alert, incidentId, handled, wasAgain = false } = arrival;
  const [target, ...others] = candidates.toSorted((a, b) =>
    a.openedAtMs - b.openedAtMs || (a.id < b.id ? -1 : 1));
  if (target === undefined) return '';
  const isAgain = handled?.handling.kind === 'cooled';
  let grown = foldAlert(target, {
    alert,
    wasCounted: incidentId === target.id && (isAgain || !wasAgain),
    isAgain,
    nowMs: run.nowMs,
  });
  for (const other of others) {
    grown = mergeIncidents(grown, other, run.nowMs);
    close(run, { ...other, mergedInto: target.id }, 'merged');
    run.effects.push({ kind: 'merged', from: other.id, into: target.id });
  }
  if (others.length > 0) indexIncident(run.draft, grown, run.settings.windowMs);
  settle(run, target, grown, { alert, isAgain });
  return target.id;
}

function podsMin({ settings }: Run, kind: KeyKind): number {
  switch (kind) {
    case 'pod':
      return 1;
    case 'workload':
      return WORKLOAD_PODS;
    case 'image':
      return settings.behaviourPods;
  }
}

function findCandidates(run: Run, { alert, incidentId }: Arrival): readonly Incident[] {
  const { open, entries } = run.draft;
  const found = new Map<string, Incident>();
  const add = (id: string): void => {
    const incident = open.get(id);
    if (incident) found.set(incident.id, incident);
  };
  if (incidentId !== '') add(incidentId);
  const kept = keptOf(alert);
  const own = entryOf(kept, '', run.nowMs);
  for (const { kind, text } of keysOf(alert.cluster, kept)) {
    if (kind !== 'pod' && !isTrouble(alert)) continue;
    const known = (entries.get(text) ?? []).filter((entry) => open.has(entry.incidentId));
    const near = runOf(known, own, run.settings.windowMs);
    const pods = new Set(near.map(({ podKey }) => podKey)).add(own.podKey);
    if (pods.size >= podsMin(run, kind)) for (const entry of near) add(entry.incidentId);
  }
  return [...found.values()];
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
  settle(run, undefined, incident, { alert, isAgain: false });
  return incident.id;
}

function settle(
  run: Run,
  before: Incident | undefined,
  after: Incident,
  { alert, isAgain }: { readonly alert: Alert; readonly isAgain: boolean },
): void {
  if (before !== undefined && after.revision === before.revision) return;
  const reason = notifyReason(run, before, after);
  const isTold = reason !== undefined && !(isAgain && reason === 'repeated');
  const incident = isTold ? { ...after, notifiedAtMs: run.nowMs } : after;
  run.draft.open.set(incident.id, incident);
  run.changed.set(incident.id, incident);
  const kept = keptOf(alert);
  const entry = entryOf(kept, incident.id, run.nowMs);
  indexAlert(run.draft, alert.cluster, kept, { entry, windowMs: run.settings.windowMs });
  run.effects.push({ kind: 'grown', incidentId: incident.id, alert });
  if (isTold) run.effects.push({ kind: 'notify', incidentId: incident.id, reason });
}

function notifyReason(
  run: Run,
  before: Incident | undefined,
  after: Incident,
): NotifyReason | undefined {
  if (before === undefined) return 'opened';
  const step = (severity: Severity): number => severities.indexOf(severity);
  if (step(after.severity) > step(before.severity)) return 'escalated';
  const isWide = (incident: Incident): boolean => (incident.sharedPods ?? 0) >= WIDE_PODS;
  if (isWide(after) && !isWide(before)) return 'spread';
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
