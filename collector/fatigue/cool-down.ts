import { createHash } from 'node:crypto';

import { severities } from '../../baseline/alert.ts';
import type { Alert, AlertBehaviour } from '../../baseline/alert.ts';
import type { CoolDown } from '../incident/handling.ts';
import { podKeyOf } from '../incident/state.ts';
import { isOnNeverLearnList, isOwnAlert } from './destructive.ts';

/**
 * A rare job raises on each pod, each time, until somebody accepts it. The second time within the
 * cool-down it is counted where the first one is, and raises nothing.
 *
 * Nobody must be able to hide in that. What has to be equal is in `keyOf`, and it is compared as it
 * stands: the whole command line, who started it and who started those, the user, where a
 * connection leads, what it may mean, and nothing beside it. Of high severity each pod is told
 * once; what is critical or on the never-learn list, always. Far more of the same is not the same.
 * The times are the collector's: an agent's clock cannot make a cool-down last.
 */
const MINUTE_MS = 60_000;
const STEPS_MS = [15 * MINUTE_MS, 60 * MINUTE_MS, 240 * MINUTE_MS, 1_440 * MINUTE_MS] as const;
const STEP_LAST = 3;
/** Quiet for this long, it begins again with the shortest. */
export const FORGET_MS = 7 * 86_400_000;
export const COOL_DOWNS_MAX = 50_000;
/** A cron that does a little more today is still that cron; a flood is not. */
const MORE_FACTOR = 4;
const MORE_ALLOWANCE = 16;

/** Sessions, upgrades and what happens to a sensor are told once each anyway. */
const COOLED_KINDS: ReadonlySet<Alert['kind']> = new Set(['anomaly', 'rule']);
const HIGH = severities.indexOf('high');

export function mayCool(alert: Alert): boolean {
  return COOLED_KINDS.has(alert.kind) && alert.severity !== 'critical' &&
    alert.behaviours.length > 0 && !isOnNeverLearnList(alert) && !isOwnAlert(alert);
}

export function keyOf(alert: Alert): string {
  const { cluster, namespace, workload, image, kind, severity, techniques } = alert;
  const isPerPod = workload === '' || severities.indexOf(severity) >= HIGH;
  const said = [
    ...[cluster, namespace, workload, image.repository, kind, severity],
    isPerPod ? podKeyOf(alert) : '',
    techniques,
    alert.behaviours.map(sameness).toSorted(),
  ];
  return createHash('sha256').update(JSON.stringify(said)).digest('hex');
}

/** Not in it: ids of processes, times, counts, a client's own port. */
function sameness(behaviour: AlertBehaviour): string {
  const { channel, value, techniques, process, fields } = behaviour;
  const { name, exe, commandLine, uid, ancestry } = process;
  // Of what is accepted the server's address is the pod's own: another one on each pod.
  const destination = value.startsWith('connect ')
    ? [fields['fd.sip'] ?? '', fields['fd.sport'] ?? '']
    : [];
  return JSON.stringify([
    ...[channel, value, techniques, name, exe, commandLine, uid, ancestry],
    destination,
  ]);
}

export type CoolDownAnswer =
  | { readonly kind: 'raise'; readonly next: CoolDown }
  | { readonly kind: 'cool'; readonly next: CoolDown };

/** `known` is the cool-down under the alert's key, if there is one. Pure. */
export function coolDown(
  alert: Alert,
  key: string,
  known: CoolDown | undefined,
  nowMs: number,
): CoolDownAnswer {
  const isFresh = known !== undefined && nowMs - known.lastSeenMs <= FORGET_MS;
  if (isFresh && known.alertId === alert.id) {
    // It has grown: what was raised stays raised.
    return {
      kind: 'raise',
      next: {
        ...known,
        lastSeenMs: nowMs,
        eventCount: Math.max(known.eventCount, alert.count),
      },
    };
  }
  if (isFresh && nowMs < known.untilMs && !isFarMore(alert.count, known.eventCount)) {
    return { kind: 'cool', next: { ...known, lastSeenMs: nowMs } };
  }
  const before = isFresh ? known.step : 0;
  // A flood within the cool-down is told, and makes it no longer.
  const step = isFresh && nowMs >= known.untilMs ? Math.min(before + 1, STEP_LAST) : before;
  return {
    kind: 'raise',
    next: {
      key,
      alertId: alert.id,
      incidentId: '',
      raisedAtMs: nowMs,
      untilMs: nowMs + (STEPS_MS[step] ?? STEPS_MS[STEP_LAST]),
      step,
      lastSeenMs: nowMs,
      eventCount: alert.count,
    },
  };
}

const isFarMore = (count: number, first: number): boolean =>
  count > first * MORE_FACTOR + MORE_ALLOWANCE;
