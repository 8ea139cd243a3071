import type { Alert } from '../../baseline/alert.ts';
import { matchesGlob } from '../policy/glob.ts';
import { isOwnAlert } from './destructive.ts';
import type { Ended } from './suppression.ts';
import { occurrenceAt } from './weekly.ts';
import type { Span, Weekly } from './weekly.ts';

/**
 * A labelled time in which people work on something: what is raised there is at most
 * informational, but for what is destructive. An alert is judged by the times of its events, all of
 * which have to lie within: what began before or goes on after is raised, and one that arrives a
 * day late is not.
 *
 * Those times are the agent's word. An alert from the collector's future is not within anything;
 * nor is one of an agent whose heartbeats say another time than ours (`fatigue.ts`): when it was, we
 * do not know, and what we do not know we do not quieten.
 */
export type MaintenanceScope = {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly workload?: string;
  readonly image?: string;
  readonly node?: string;
};

export type MaintenanceWindow = {
  readonly id: string;
  /** What it is, in a word: `db-upgrade-11.2`. */
  readonly label: string;
  readonly scope: MaintenanceScope;
  readonly fromTime: string;
  readonly toTime: string;
  /** Between the two times, every week; null for all of the time between. */
  readonly weekly: Weekly | null;
  readonly owner: string;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdTime: string;
  readonly ended: Ended | null;
};

export const WINDOWS_MAX = 200;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const WINDOW_DAYS_MAX = 7;
const WEEKLY_DAYS_MAX = 365;
/** Clocks of a cluster agree within this; more is a wrong clock. */
export const CLOCK_DIFFERENCE_MAX_MS = 2 * MINUTE_MS;

export type WindowProblem = 'no-such-time' | 'too-long' | 'too-broad';

/** What is wrong with a window's times and place, or undefined. */
export function windowProblem(
  window: Pick<MaintenanceWindow, 'scope' | 'fromTime' | 'toTime' | 'weekly'>,
  nowMs: number,
): WindowProblem | undefined {
  const fromMs = Date.parse(window.fromTime);
  const toMs = Date.parse(window.toTime);
  if (!(toMs > fromMs) || toMs <= nowMs) return 'no-such-time';
  // From now on: who makes one for last night hides what happened there.
  if (fromMs < nowMs - CLOCK_DIFFERENCE_MAX_MS) return 'no-such-time';
  const { weekly } = window;
  const daysMax = weekly === null ? WINDOW_DAYS_MAX : WEEKLY_DAYS_MAX;
  if (toMs - fromMs > daysMax * DAY_MS) return 'too-long';
  // Twice the same hour would make two windows of one.
  if (weekly !== null && weekly.minutes * MINUTE_MS > 6 * DAY_MS) return 'too-long';
  const globs = Object.values(window.scope);
  return globs.some((glob) => glob.replaceAll('*', '') !== '') ? undefined : 'too-broad';
}

/** The time that is meant where an event lies in it; undefined where it lies outside. */
export function spanAt(
  { fromTime, toTime, weekly }: Pick<MaintenanceWindow, 'fromTime' | 'toTime' | 'weekly'>,
  atMs: number,
): Span | undefined {
  const fromMs = Date.parse(fromTime);
  const toMs = Date.parse(toTime);
  if (atMs < fromMs || atMs >= toMs) return undefined;
  if (weekly === null) return { fromMs, toMs };
  const span = occurrenceAt(weekly, atMs);
  return span && { fromMs: Math.max(fromMs, span.fromMs), toMs: Math.min(toMs, span.toMs) };
}

/** All of the alert lies within the window. One that was ended holds until its end. */
export function covers(window: MaintenanceWindow, alert: Alert, nowMs: number): boolean {
  if (isOwnAlert(alert) || !isInScope(window.scope, alert)) return false;
  const firstMs = Date.parse(alert.firstTime);
  const lastMs = Date.parse(alert.lastTime);
  if (Number.isNaN(firstMs) || Number.isNaN(lastMs) || lastMs < firstMs) return false;
  if (lastMs > nowMs + CLOCK_DIFFERENCE_MAX_MS) return false;
  const span = spanAt(window, firstMs);
  if (span === undefined || lastMs >= span.toMs) return false;
  return window.ended === null || lastMs < Date.parse(window.ended.time);
}

function isInScope(scope: MaintenanceScope, alert: Alert): boolean {
  const isPlace = (glob: string | undefined, name: string): boolean =>
    glob === undefined || matchesGlob(glob, name);
  return isPlace(scope.cluster, alert.cluster) &&
    isPlace(scope.namespace, alert.namespace) &&
    isPlace(scope.workload, alert.workload) &&
    isPlace(scope.image, alert.image.repository) &&
    isPlace(scope.node, alert.node);
}
