import { severities } from '../../baseline/alert.ts';
import type { Alert, Severity } from '../../baseline/alert.ts';
import type { Again, Incident, IncidentAlert, IncidentPod } from './incident.ts';
import { isTrouble, podKeyOf } from './state.ts';
import { titleOf } from './title.ts';

/**
 * What an incident says of its alerts: all of it is recomputed from the alerts it keeps, so that
 * the order of arrival does not matter. Beyond `ALERTS_KEPT_MAX` the worst are kept.
 */
export const ALERTS_KEPT_MAX = 200;
const PODS_KEPT_MAX = 200;
const BEHAVIOURS_PER_ALERT_MAX = 32;
const TECHNIQUES_MAX = 64;
const AGAIN_PODS_MAX = 200;
/** Replicas that do the same for the first time are one piece of news. */
export const WORKLOAD_PODS = 2;
/** A second replica that does the same is the same; a third one makes it grave. */
export const WIDE_PODS = 3;
/** Alerts that count for the combined score; the ninth would add less than 0.4 points. */
const SCORES_MAX = 8;
/** So many different techniques are no accident of one odd process. */
const TECHNIQUES_FOR_STEP = 4;

export function keptOf(alert: Alert): IncidentAlert {
  return {
    id: alert.id,
    revision: alert.revision,
    kind: alert.kind,
    severity: alert.severity,
    score: alert.score,
    count: alert.count,
    podKey: podKeyOf(alert),
    firstTime: alert.firstTime,
    lastTime: alert.lastTime,
    reason: alert.reason,
    techniques: alert.techniques,
    imageRepository: alert.image.repository,
    namespace: alert.namespace,
    workload: alert.workload,
    behaviours: alert.behaviours
      .slice(0, BEHAVIOURS_PER_ALERT_MAX)
      .map(({ channel, value }) => `${channel}: ${value}`),
  };
}

export const podOf = (alert: Alert): IncidentPod => ({
  namespace: alert.namespace,
  pod: alert.pod,
  podUid: alert.podUid,
  node: alert.node,
});

/** Worst first; the id decides between equals, so that the order is always the same. */
function byWeight(left: IncidentAlert, right: IncidentAlert): number {
  return severities.indexOf(right.severity) - severities.indexOf(left.severity) ||
    right.score - left.score ||
    (left.id < right.id ? -1 : 1);
}

export type FoldOptions = {
  readonly alert: Alert;
  /** An earlier revision was counted here already. */
  readonly wasCounted: boolean;
  /** It repeats what was raised before. */
  readonly isAgain?: boolean;
  readonly nowMs: number;
};

export function foldAlert(incident: Incident, options: FoldOptions): Incident {
  const { alert, wasCounted, isAgain = false, nowMs } = options;
  const known = incident.alerts.find(({ id }) => id === alert.id);
  if (known !== undefined && known.revision >= alert.revision) return incident;
  const others = incident.alerts.filter(({ id }) => id !== alert.id);
  const isNew = known === undefined && !wasCounted;
  // A repetition that then did something else is an alert of its own from there on.
  const isNewAlert = !isAgain && (isNew || known?.isAgain === true);
  const kept = isAgain ? { ...keptOf(alert), isAgain } : keptOf(alert);
  return summarise({
    ...incident,
    revision: incident.revision + 1,
    updatedAtMs: nowMs,
    alertCount: incident.alertCount + (isNewAlert ? 1 : 0),
    eventCount: incident.eventCount + (isAgain ? 0 : eventsOf(alert, known, isNewAlert)),
    ...(isAgain && isNew ? { again: countedAgain(incident.again, alert) } : {}),
    ...withPods(incident, [podOf(alert)]),
    ...keep([...others, kept], incident.alertsDropped),
    techniques: union(incident.techniques, alert.techniques),
    firstTime: alert.firstTime < incident.firstTime ? alert.firstTime : incident.firstTime,
    lastTime: alert.lastTime > incident.lastTime ? alert.lastTime : incident.lastTime,
  });
}

function eventsOf(alert: Alert, known: IncidentAlert | undefined, isNew: boolean): number {
  if (isNew) return alert.count;
  return known === undefined ? 0 : alert.count - known.count;
}

/** On an incident that is closed only the count grows: nobody is called again. */
export function countAgain(incident: Incident, alert: Alert): Incident {
  const again = countedAgain(incident.again, alert);
  return summarise({ ...incident, revision: incident.revision + 1, again });
}

function countedAgain(again: Again | undefined, alert: Alert): Again {
  const one = { alerts: 1, pods: [podKeyOf(alert)], lastTime: alert.lastTime };
  return again === undefined ? one : bothAgain(again, one);
}

const bothAgain = (left: Again, right: Again): Again => ({
  alerts: left.alerts + right.alerts,
  pods: [...new Set([...left.pods, ...right.pods])].toSorted().slice(0, AGAIN_PODS_MAX),
  lastTime: left.lastTime > right.lastTime ? left.lastTime : right.lastTime,
});

/** `from` is taken over whole: its alerts, its pods, its counts. */
export function mergeIncidents(into: Incident, from: Incident, nowMs: number): Incident {
  const merged = new Map(into.alerts.map((alert) => [alert.id, alert]));
  let double = 0;
  let doubleEvents = 0;
  for (const alert of from.alerts) {
    const known = merged.get(alert.id);
    if (known !== undefined && known.isAgain !== true && alert.isAgain !== true) {
      double += 1;
      doubleEvents += Math.min(known.count, alert.count);
    }
    if (known === undefined || known.revision < alert.revision) merged.set(alert.id, alert);
  }
  return summarise({
    ...into,
    revision: into.revision + 1,
    updatedAtMs: nowMs,
    alertCount: into.alertCount + from.alertCount - double,
    eventCount: into.eventCount + from.eventCount - doubleEvents,
    ...(from.again === undefined
      ? {}
      : { again: into.again === undefined ? from.again : bothAgain(into.again, from.again) }),
    ...withPods(into, from.pods, from.podsDropped),
    ...keep([...merged.values()], into.alertsDropped + from.alertsDropped),
    techniques: union(into.techniques, from.techniques),
    firstTime: from.firstTime < into.firstTime ? from.firstTime : into.firstTime,
    lastTime: from.lastTime > into.lastTime ? from.lastTime : into.lastTime,
  });
}

function keep(alerts: IncidentAlert[], droppedBefore: number) {
  const sorted = alerts.toSorted(byWeight);
  return {
    alerts: sorted.slice(0, ALERTS_KEPT_MAX),
    alertsDropped: droppedBefore + Math.max(0, sorted.length - ALERTS_KEPT_MAX),
  };
}

function withPods(incident: Incident, more: readonly IncidentPod[], droppedMore = 0) {
  const pods = new Map(incident.pods.map((pod) => [podId(pod), pod]));
  let dropped = incident.podsDropped + droppedMore;
  for (const pod of more) {
    if (pods.has(podId(pod))) continue;
    if (pods.size < PODS_KEPT_MAX) pods.set(podId(pod), pod);
    else dropped += 1;
  }
  const sorted = [...pods.values()].toSorted((a, b) => (podId(a) < podId(b) ? -1 : 1));
  return { pods: sorted, podsDropped: dropped };
}

const podId = (pod: IncidentPod): string =>
  JSON.stringify([pod.namespace, pod.pod, pod.podUid, pod.node]);

const union = (left: readonly string[], right: readonly string[]): readonly string[] =>
  [...new Set([...left, ...right])].toSorted().slice(0, TECHNIQUES_MAX);

/** What follows from the alerts that are kept: the same for the same alerts. */
export function summarise(incident: Incident): Incident {
  const { alerts } = incident;
  const [worst] = alerts;
  const shared = sharedOf(alerts);
  const summary: Incident = {
    ...incident,
    ...(worst?.namespace === undefined
      ? {}
      : {
        namespace: worst.namespace,
        workload: worst.workload ?? '',
        imageRepository: worst.imageRepository,
      }),
    // What was dropped beyond the bound does not make it one pod's again.
    scope: shared === undefined ? incident.scope : 'behaviour',
    sharedBehaviour: shared?.behaviour ?? incident.sharedBehaviour,
    sharedPods: shared?.pods ?? incident.sharedPods ?? 0,
  };
  return {
    ...summary,
    severity: raised(worst?.severity ?? incident.severity, summary),
    score: combinedScore(alerts.map(({ score }) => score)),
    title: titleOf(summary),
  };
}

type Shared = { readonly behaviour: string; readonly pods: number };

/** On two pods of a workload, or on several of an image, whatever they are called. */
function sharedOf(alerts: readonly IncidentAlert[]): Shared | undefined {
  const podsOf = new Map<string, { behaviour: string; min: number; pods: Set<string> }>();
  const add = (place: readonly string[], behaviour: string, min: number, podKey: string): void => {
    const key = JSON.stringify([...place, behaviour]);
    const known = podsOf.get(key) ?? { behaviour, min, pods: new Set() };
    podsOf.set(key, known);
    known.pods.add(podKey);
  };
  for (const alert of alerts.filter(isTrouble)) {
    const { namespace = '', workload = '', imageRepository, podKey } = alert;
    for (const behaviour of alert.behaviours) {
      if (workload !== '') add(['w', namespace, workload], behaviour, WORKLOAD_PODS, podKey);
      if (imageRepository !== '') add(['i', imageRepository], behaviour, WIDE_PODS, podKey);
    }
  }
  const [most] = [...podsOf.values()]
    .filter(({ pods, min }) => pods.size >= min)
    .toSorted((a, b) => b.pods.size - a.pods.size || (a.behaviour < b.behaviour ? -1 : 1));
  return most && { behaviour: most.behaviour, pods: most.pods.size };
}

/**
 * 1 − Π(1 − sᵢ/100 · 2⁻ⁱ), highest first: the worst alert counts whole, each further one half as
 * much as the one before, so that many weak alerts do not add up to a certain one.
 */
export function combinedScore(scores: readonly number[]): number {
  const sorted = scores.toSorted((a, b) => b - a).slice(0, SCORES_MAX);
  let rest = 1;
  sorted.forEach((score, index) => {
    rest *= 1 - (Math.min(100, Math.max(0, score)) / 100) * 2 ** -index;
  });
  return Math.round((1 - rest) * 1_000) / 10;
}

function raised(severity: Severity, incident: Incident): Severity {
  const isWide = (incident.sharedPods ?? 0) >= WIDE_PODS ||
    incident.techniques.length >= TECHNIQUES_FOR_STEP;
  const step = severities.indexOf(severity);
  if (!isWide || step < severities.indexOf('medium')) return severity;
  return severities[step + 1] ?? severity;
}
