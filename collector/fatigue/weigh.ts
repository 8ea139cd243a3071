import type { Alert } from '../../baseline/alert.ts';
import { NOT_HANDLED, UNHANDLED } from '../incident/handling.ts';
import type { CoolDown, Handled, HandlingKind, Tally, Weighed } from '../incident/handling.ts';
import type { UncorrelatedAlert } from '../incident/incident-store.ts';
import { coolDown, keyOf, mayCool } from './cool-down.ts';
import { isDestructive } from './destructive.ts';
import { covers } from './maintenance.ts';
import type { MaintenanceWindow } from './maintenance.ts';
import { isInForce, suppresses } from './suppression.ts';
import type { SuppressionRule } from './suppression.ts';

/**
 * Decides on alerts in the order of their arrival: a person's rule first, then a maintenance
 * window, then the cool-down. Pure: the same store, alerts and time give the same answer, so that
 * after a crash before the commit it is simply asked again.
 */
export type Standing = {
  readonly rules: readonly SuppressionRule[];
  readonly windows: readonly MaintenanceWindow[];
  /** ATT&CK ids that the policy calls destructive. */
  readonly destructive: readonly string[];
  /** Of the keys of these alerts. */
  readonly coolDowns: ReadonlyMap<string, CoolDown>;
  /** Of agents whose clocks are known to be wrong: `cluster/node`. */
  readonly wrongClocks: ReadonlySet<string>;
};

const DAY_MS = 86_400_000;
export const nodeKey = ({ cluster, node }: { cluster: string; node: string }): string =>
  `${cluster}/${node}`;

export function weigh(
  arrivals: readonly UncorrelatedAlert[],
  standing: Standing,
  nowMs: number,
): Weighed {
  const handled = new Map<string, Handled>();
  const hits = new Map<string, number>();
  const tallies = new Map<string, Tally>();
  const coolDowns = new Map(standing.coolDowns);
  const changed = new Map<string, CoolDown>();
  for (const arrival of arrivals) {
    const { alert, before } = arrival;
    const key = mayCool(alert) ? keyOf(alert) : undefined;
    const quiet = quietened(alert, standing, nowMs);
    const one = quiet.handling.kind === 'none' && key !== undefined
      ? cooled(arrival, { key, known: coolDowns.get(key), ref: quiet.ref, nowMs })
      : { handled: quiet, next: undefined };
    handled.set(alert.id, one.handled);
    if (one.next !== undefined) {
      coolDowns.set(one.next.key, one.next);
      changed.set(one.next.key, one.next);
    }
    const { kind } = one.handled.handling;
    if (kind === 'suppressed' && before?.ref !== one.handled.ref) {
      hits.set(one.handled.ref, (hits.get(one.handled.ref) ?? 0) + 1);
    }
    tally(tallies, arrival, kind);
  }
  return { handled, hits, coolDowns: [...changed.values()], tallies: [...tallies.values()] };
}

function quietened(alert: Alert, standing: Standing, nowMs: number): Handled {
  const { rules, windows, destructive, wrongClocks } = standing;
  const rule = rules.find((one) => isInForce(one, nowMs) && suppresses(one, alert));
  if (rule !== undefined) {
    const { id: ruleId, owner, reason } = rule;
    return { handling: { kind: 'suppressed', ruleId, owner, reason }, ref: ruleId, joins: undefined };
  }
  if (wrongClocks.has(nodeKey(alert))) return UNHANDLED;
  const window = windows.find((one) => covers(one, alert, nowMs));
  if (window === undefined) return UNHANDLED;
  const handling = isDestructive(alert, destructive)
    ? NOT_HANDLED
    : { kind: 'maintenance', windowId: window.id } as const;
  return { handling, ref: window.id, joins: undefined };
}

type Cooling = {
  readonly key: string;
  readonly known: CoolDown | undefined;
  readonly ref: string;
  readonly nowMs: number;
};

function cooled(arrival: UncorrelatedAlert, cooling: Cooling) {
  const { key, known, ref, nowMs } = cooling;
  const answer = coolDown(arrival.alert, key, known, nowMs);
  // What people were told of is not taken back because it grew into what another pod did before.
  const isTold = arrival.before !== undefined && arrival.before.kind !== 'cooled';
  if (answer.kind === 'raise' || isTold) {
    const next = answer.kind === 'raise' ? answer.next : { ...answer.next, lastSeenMs: nowMs };
    return { handled: { ...UNHANDLED, ref }, next };
  }
  const { alertId, incidentId, untilMs } = answer.next;
  const handled: Handled = {
    handling: { kind: 'cooled', until: new Date(untilMs).toISOString() },
    ref,
    joins: { alertId, incidentId },
  };
  return { handled, next: answer.next };
}

/** By the day of its first arrival, so that growing later changes no other day. */
function tally(
  tallies: Map<string, Tally>,
  { alert, before, receivedAtMs }: UncorrelatedAlert,
  handling: HandlingKind,
): void {
  if (before?.kind === handling) return;
  const day = Math.floor(receivedAtMs / DAY_MS);
  const image = alert.image.repository;
  const isAlarm = alert.kind === 'anomaly' || alert.kind === 'rule';
  const add = (kind: HandlingKind, change: number): void => {
    const key = JSON.stringify([image, day, kind, isAlarm]);
    const before = tallies.get(key)?.change ?? 0;
    tallies.set(key, { image, day, handling: kind, isAlarm, change: before + change });
  };
  add(handling, 1);
  if (before !== undefined) add(before.kind, -1);
}
