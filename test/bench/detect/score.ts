import type { DetectorRun } from './detector.ts';
import { detectionsOf, type Detection } from './detections.ts';
import { episodesOf, falseAlertsOf, type FalseAlerts } from './false-alerts.ts';
import { msOf, type Recording } from './recording.ts';

/** Counts as the recordings' description defines them: the same rules for every detector. */

/** An alert later than this after the attack began is late. */
export const FAST_SECONDS = 5;

export type Score = {
  readonly attacks: number;
  readonly detected: number;
  readonly missed: readonly string[];
  readonly falseAlerts: number;
  readonly podHours: number;
  readonly falsePerPodHour: number;
  readonly upgradeFalse: number;
  readonly maintenanceAlerts: number;
  readonly alertsPerAttack: number;
  /** Null when nothing was detected. */
  readonly detectSecondsP50: number | null;
  readonly detectSecondsP99: number | null;
  readonly detectedWithin5s: number;
  /** Attacks by the channels of their alerts; one attack may show in several. */
  readonly byChannel: Readonly<Record<string, number>>;
  /** False alerts if all that one pod brings within 30 s were one alert, as Lanner folds. */
  readonly falseEpisodes: number;
  readonly upgradeFalsePerImage: number;
  readonly nodeAlerts: number;
};

export type Scored = {
  readonly score: Score;
  readonly detections: ReadonlyMap<string, Detection>;
  readonly falseAlerts: FalseAlerts;
};

export function score(recording: Recording, run: DetectorRun): Scored {
  const attacks = recording.labels.filter((label) => label.kind === 'attack' && label.verified);
  const upgrades = recording.labels.filter((label) => label.kind === 'upgrade').length;
  const detections = detectionsOf(attacks, run.alerts);
  const falseAlerts = falseAlertsOf(recording, run.alerts);
  const seconds = [...detections.values()].map((d) => d.seconds).sort((a, b) => a - b);
  const alerts = [...detections.values()].reduce((sum, d) => sum + d.alerts.size, 0);
  const podHours = podHoursOf(recording);
  return {
    score: {
      attacks: attacks.length,
      detected: detections.size,
      missed: attacks.filter(({ id }) => !detections.has(id)).map(({ id }) => id),
      falseAlerts: falseAlerts.steady.length,
      podHours: round(podHours),
      falsePerPodHour: round(podHours === 0 ? 0 : falseAlerts.steady.length / podHours),
      upgradeFalse: falseAlerts.upgrade.length,
      maintenanceAlerts: falseAlerts.maintenance.length,
      alertsPerAttack: round(alerts / Math.max(1, detections.size)),
      detectSecondsP50: percentile(seconds, 0.5),
      detectSecondsP99: percentile(seconds, 0.99),
      detectedWithin5s: seconds.filter((value) => value <= FAST_SECONDS).length,
      byChannel: byChannelOf(detections),
      falseEpisodes: episodesOf(falseAlerts.steady),
      upgradeFalsePerImage: round(falseAlerts.upgrade.length / Math.max(1, upgrades)),
      nodeAlerts: falseAlerts.node.length,
    },
    detections,
    falseAlerts,
  };
}

function byChannelOf(detections: ReadonlyMap<string, Detection>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { channels } of detections.values()) {
    for (const channel of channels) counts.set(channel, (counts.get(channel) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Sum over pods of the time from their first to their last event in the test span. */
function podHoursOf(recording: Recording): number {
  const spans = new Map<string, { first: number; last: number }>();
  for (const event of recording.events) {
    const pod = event.fields.get('k8s.pod.name');
    const ms = msOf(event);
    if (pod === undefined || ms < recording.testStartMs) continue;
    const span = spans.get(pod);
    if (span === undefined) spans.set(pod, { first: ms, last: ms });
    else span.last = Math.max(span.last, ms);
  }
  let total = 0;
  for (const { first, last } of spans.values()) total += last - first;
  return total / 3_600_000;
}

function percentile(sorted: readonly number[], share: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return value === undefined ? null : round(value);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
