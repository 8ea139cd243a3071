import type { BenchAlert, DetectorRun } from './detector.ts';
import type { Label, Recording } from './recording.ts';

/** Counts as `recordings/README.md` defines: the same rules for every detector. */

const AFTER_ATTACK_MS = 5_000;
const BEFORE_ATTACK_MARGIN_MS = 2_000;
const AFTER_ATTACK_MARGIN_MS = 25_000;
const UPGRADE_MS = 300_000;
const FAST_SECONDS = 5;

export type Score = {
  readonly attacks: number;
  readonly detected: number;
  readonly detectedWithin5s: number;
  readonly missed: readonly string[];
  readonly byChannel: Readonly<Record<string, number>>;
  readonly falseAlerts: number;
  readonly podHours: number;
  readonly falsePerPodHour: number;
  readonly upgradeFalse: number;
  readonly upgradeFalsePerImage: number;
  readonly maintenanceAlerts: number;
  readonly alertsPerAttack: number;
  readonly detectSecondsP50: number;
  readonly detectSecondsP99: number;
};

export type Detail = {
  readonly detections: ReadonlyMap<string, { seconds: number; alerts: ReadonlySet<string> }>;
  readonly falseAlerts: readonly BenchAlert[];
  readonly upgradeFalse: readonly BenchAlert[];
  readonly maintenance: readonly BenchAlert[];
};

export function score(recording: Recording, run: DetectorRun): { score: Score; detail: Detail } {
  const attacks = recording.labels.filter((label) => label.kind === 'attack' && label.verified);
  const upgrades = recording.labels.filter((label) => label.kind === 'upgrade');
  const loud = run.alerts.filter((alert) => !alert.informational);
  const detections = new Map<string, { seconds: number; alerts: Set<string> }>();
  const byChannel: Record<string, number> = {};
  for (const attack of attacks) {
    const hits = loud.filter((alert) => touches(alert, attack));
    if (hits.length === 0) continue;
    const seconds = Math.min(...hits.map((hit) => Math.max(0, hit.saidMs - attack.startMs) / 1000));
    detections.set(attack.id, { seconds, alerts: new Set(hits.map((hit) => hit.id)) });
    for (const channel of new Set(hits.flatMap((hit) => hit.channels))) {
      byChannel[channel] = (byChannel[channel] ?? 0) + 1;
    }
  }
  const sorted = classifyFalse(recording, loud);
  const seconds = [...detections.values()].map((d) => d.seconds).sort((a, b) => a - b);
  const podHours = podHoursOf(recording);
  const detected = detections.size;
  const alertCount = [...detections.values()].reduce((sum, d) => sum + d.alerts.size, 0);
  return {
    score: {
      attacks: attacks.length,
      detected,
      detectedWithin5s: seconds.filter((value) => value <= FAST_SECONDS).length,
      missed: attacks.filter((attack) => !detections.has(attack.id)).map((attack) => attack.id),
      byChannel,
      falseAlerts: sorted.falseAlerts.length,
      podHours: round(podHours),
      falsePerPodHour: round(sorted.falseAlerts.length / podHours),
      upgradeFalse: sorted.upgradeFalse.length,
      upgradeFalsePerImage: round(sorted.upgradeFalse.length / Math.max(1, upgrades.length)),
      maintenanceAlerts: sorted.maintenance.length,
      alertsPerAttack: round(alertCount / Math.max(1, detected)),
      detectSecondsP50: round(percentile(seconds, 0.5)),
      detectSecondsP99: round(percentile(seconds, 0.99)),
    },
    detail: { detections, ...sorted },
  };
}

function touches(alert: BenchAlert, attack: Label): boolean {
  if (!attack.pods.includes(alert.pod)) return false;
  return alert.eventMs.some((ms) => ms >= attack.startMs && ms <= attack.endMs + AFTER_ATTACK_MS);
}

/** One alert counts once, by the worst of its events: false wins over upgrade over maintenance. */
function classifyFalse(
  recording: Recording,
  alerts: readonly BenchAlert[],
): Omit<Detail, 'detections'> {
  const classes = new Map<string, { kind: FalseKind; alert: BenchAlert }>();
  for (const alert of alerts) {
    for (const ms of alert.eventMs) {
      const kind = falseKind(recording, alert, ms);
      const known = classes.get(alert.id);
      if (known === undefined || RANK[kind] > RANK[known.kind]) classes.set(alert.id, { kind, alert });
    }
  }
  const of = (kind: FalseKind): BenchAlert[] =>
    [...classes.values()].filter((entry) => entry.kind === kind).map((entry) => entry.alert);
  return { falseAlerts: of('false'), upgradeFalse: of('upgrade'), maintenance: of('maintenance') };
}

type FalseKind = 'none' | 'maintenance' | 'upgrade' | 'false';
const RANK: Readonly<Record<FalseKind, number>> = { none: 0, maintenance: 1, upgrade: 2, false: 3 };

function falseKind(recording: Recording, alert: BenchAlert, ms: number): FalseKind {
  if (ms < recording.testStartMs) return 'none';
  let kind: FalseKind = 'false';
  for (const label of recording.labels) {
    if (label.kind === 'upgrade') {
      const version = label.description.match(/upgrade (\S+) \S+ -> (\S+)/);
      const isNew = version !== null && alert.image.endsWith(`${version[1]}:${version[2]}`);
      if (isNew && ms >= label.startMs && ms <= label.endMs + UPGRADE_MS) kind = 'upgrade';
    }
  }
  for (const label of recording.labels) {
    if (!label.pods.includes(alert.pod)) continue;
    if (label.kind === 'attack') {
      const from = label.startMs - BEFORE_ATTACK_MARGIN_MS;
      if (ms >= from && ms <= label.endMs + AFTER_ATTACK_MARGIN_MS) return 'none';
    }
    if (label.kind === 'maintenance' && ms >= label.startMs && ms <= label.endMs) {
      kind = 'maintenance';
    }
  }
  return kind;
}

/** Sum over pods of the time from their first to their last event in the test span. */
function podHoursOf(recording: Recording): number {
  const spans = new Map<string, { first: number; last: number }>();
  for (const event of recording.events) {
    const pod = event.fields.get('k8s.pod.name');
    const ms = Number(event.timeNs / 1_000_000n);
    if (pod === undefined || ms < recording.testStartMs) continue;
    const span = spans.get(pod);
    if (span === undefined) spans.set(pod, { first: ms, last: ms });
    else span.last = Math.max(span.last, ms);
  }
  let total = 0;
  for (const span of spans.values()) total += span.last - span.first;
  return total / 3_600_000;
}

function percentile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
