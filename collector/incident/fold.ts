import { severities } from '../../baseline/alert.ts';
import type { Alert, Severity } from '../../baseline/alert.ts';
import type { Incident, IncidentAlert, IncidentPod } from './incident.ts';
import { podKeyOf } from './state.ts';
import { titleOf } from './title.ts';

/**
 * What an incident says of its alerts: all of it is recomputed from the alerts it keeps, so that
 * the order of arrival does not matter. Beyond `ALERTS_KEPT_MAX` the worst are kept.
 */
export const ALERTS_KEPT_MAX = 200;
const PODS_KEPT_MAX = 200;
const BEHAVIOURS_PER_ALERT_MAX = 32;
const TECHNIQUES_MAX = 64;
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
  readonly nowMs: number;
};

export function foldAlert(incident: Incident, options: FoldOptions): Incident {
  const { alert, wasCounted, nowMs } = options;
  const known = incident.alerts.find(({ id }) => id === alert.id);
  if (known !== undefined && known.revision >= alert.revision) return incident;
  const others = incident.alerts.filter(({ id }) => id !== alert.id);
  const isNew = known === undefined && !wasCounted;
  return summarise({
    ...incident,
    revision: incident.revision + 1,
    updatedAtMs: nowMs,
    alertCount: incident.alertCount + (isNew ? 1 : 0),
    eventCount: incident.eventCount + (isNew ? alert.count : known ? alert.count - known.count : 0),
    ...withPods(incident, [podOf(alert)]),
    ...keep([...others, keptOf(alert)], incident.alertsDropped),
    techniques: union(incident.techniques, alert.techniques),
    firstTime: alert.firstTime < incident.firstTime ? alert.firstTime : incident.firstTime,
    lastTime: alert.lastTime > incident.lastTime ? alert.lastTime : incident.lastTime,
  });
}

/** `from` is taken over whole: its alerts, its pods, its counts. */
export function mergeIncidents(into: Incident, from: Incident, nowMs: number): Incident {
  const merged = new Map(into.alerts.map((alert) => [alert.id, alert]));
  let double = 0;
  let doubleEvents = 0;
  for (const alert of from.alerts) {
    const known = merged.get(alert.id);
    if (known !== undefined) {
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

/** Severity, score and title from the alerts that are kept. */
export function summarise(incident: Incident): Incident {
  const { alerts } = incident;
  const worst = alerts[0]?.severity ?? incident.severity;
  return {
    ...incident,
    severity: raised(worst, incident),
    score: combinedScore(alerts.map(({ score }) => score)),
    title: titleOf(incident),
  };
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
  const isWide = incident.scope === 'behaviour' ||
    incident.techniques.length >= TECHNIQUES_FOR_STEP;
  const step = severities.indexOf(severity);
  if (!isWide || step < severities.indexOf('medium')) return severity;
  return severities[step + 1] ?? severity;
}
