import type { BenchAlert } from './detector.ts';
import type { Label, Recording } from './recording.ts';

/** Residue is removed and some pods are replaced after an attack. */
const BEFORE_ATTACK_MARGIN_MS = 2_000;
const AFTER_ATTACK_MARGIN_MS = 25_000;
const AFTER_UPGRADE_MS = 300_000;
/** Lanner ends an episode after as much quiet; the peers' alerts are also counted folded so. */
const EPISODE_QUIET_MS = 30_000;

export type FalseAlerts = {
  /** On a pod that nobody touches. */
  readonly steady: readonly BenchAlert[];
  /** On pods of a new image in the five minutes after an upgrade. */
  readonly upgrade: readonly BenchAlert[];
  /** While an operator works on the pod. */
  readonly maintenance: readonly BenchAlert[];
  /** On the node itself: whose doing it was cannot be said from the labels. */
  readonly node: readonly BenchAlert[];
};

/** One alert counts once, by the worst of its events. */
export function falseAlertsOf(
  recording: Recording,
  alerts: readonly BenchAlert[],
): FalseAlerts {
  const worst = new Map<string, { kind: Kind; alert: BenchAlert }>();
  for (const alert of alerts) {
    if (alert.informational) continue;
    for (const ms of alert.eventMs) {
      const kind = kindOf(recording, alert, ms);
      const known = worst.get(alert.id)?.kind;
      if (known === undefined || RANK[kind] > RANK[known]) worst.set(alert.id, { kind, alert });
    }
  }
  const of = (kind: Kind): readonly BenchAlert[] =>
    [...worst.values()].filter((entry) => entry.kind === kind).map((entry) => entry.alert);
  return {
    steady: of('steady'),
    upgrade: of('upgrade'),
    maintenance: of('maintenance'),
    node: of('node'),
  };
}

/** How many alerts these would be if all that one pod brings were folded into one. */
export function episodesOf(alerts: readonly BenchAlert[]): number {
  const lastMs = new Map<string, number>();
  let episodes = 0;
  for (const { pod, eventMs } of alerts.toSorted((a, b) => a.saidMs - b.saidMs)) {
    const last = lastMs.get(pod);
    const first = Math.min(...eventMs);
    if (last === undefined || first - last > EPISODE_QUIET_MS) episodes += 1;
    lastMs.set(pod, Math.max(last ?? 0, ...eventMs));
  }
  return episodes;
}

type Kind = 'none' | 'node' | 'maintenance' | 'upgrade' | 'steady';
const RANK: Readonly<Record<Kind, number>> = {
  none: 0,
  node: 1,
  maintenance: 2,
  upgrade: 3,
  steady: 4,
};

function kindOf(recording: Recording, alert: BenchAlert, ms: number): Kind {
  if (ms < recording.testStartMs) return 'none';
  if (alert.pod === '') return 'node';
  const onPod = recording.labels.filter((label) => label.pods.includes(alert.pod));
  if (onPod.some((label) => label.kind === 'attack' && isNearAttack(label, ms))) return 'none';
  if (onPod.some((label) => label.kind === 'maintenance' && isDuring(label, ms))) {
    return 'maintenance';
  }
  return recording.labels.some((label) => isAfterUpgrade(label, alert, ms)) ? 'upgrade' : 'steady';
}

function isNearAttack(label: Label, ms: number): boolean {
  const fromMs = label.startMs - BEFORE_ATTACK_MARGIN_MS;
  return ms >= fromMs && ms <= label.endMs + AFTER_ATTACK_MARGIN_MS;
}

function isDuring(label: Label, ms: number): boolean {
  return ms >= label.startMs && ms <= label.endMs;
}

/** The label says it in words: `rolling upgrade web 1.4.2 -> 1.4.3`. */
function isAfterUpgrade(label: Label, alert: BenchAlert, ms: number): boolean {
  if (label.kind !== 'upgrade') return false;
  const version = label.description.match(/upgrade (\S+) \S+ -> (\S+)/);
  if (version === null || !alert.image.endsWith(`/${version[1]}:${version[2]}`)) return false;
  return ms >= label.startMs && ms <= label.endMs + AFTER_UPGRADE_MS;
}
