import type { Alert, Severity } from '../../baseline/alert.ts';
import type { UncorrelatedAlert } from './incident-store.ts';

/**
 * How an alert was dealt with before anybody was called: decided anew for each revision, in the
 * correlator, and stored in the transaction of its correlation.
 */
export const handlingKinds = ['none', 'suppressed', 'maintenance', 'cooled'] as const;
export type HandlingKind = (typeof handlingKinds)[number];

export type Handling =
  | { readonly kind: 'none' }
  /** By a person's rule: stored, listed when asked for, and nothing else comes of it. */
  | {
    readonly kind: 'suppressed';
    readonly ruleId: string;
    readonly owner: string;
    readonly reason: string;
  }
  /** In a maintenance window: at most informational. */
  | { readonly kind: 'maintenance'; readonly windowId: string }
  /** The same again within the cool-down: counted where the first one is. */
  | { readonly kind: 'cooled'; readonly until: string };

export const NOT_HANDLED: Handling = { kind: 'none' };

/** Whether people and outputs are told of it as something new. */
export const isRaised = ({ kind }: Handling): boolean => kind === 'none' || kind === 'maintenance';

export const shownSeverity = (
  { severity }: Pick<Alert, 'severity'>,
  { kind }: Handling,
): Severity => (kind === 'maintenance' ? 'informational' : severity);

/** One behaviour set of one workload that was raised, and for how long it is not raised again. */
export type CoolDown = {
  readonly key: string;
  /** The alert that was raised last, and its incident; empty where it opened none. */
  readonly alertId: string;
  readonly incidentId: string;
  readonly raisedAtMs: number;
  readonly untilMs: number;
  /** How often it was raised: each time it stays quiet for longer. */
  readonly step: number;
  readonly lastSeenMs: number;
  /** Events of the one that was raised: far more of the same is not the same. */
  readonly eventCount: number;
};

export type Handled = {
  readonly handling: Handling;
  /** Rule or window that it falls under; also the window in which it was raised all the same. */
  readonly ref: string;
  /** Of a cooled one: where the first one is. */
  readonly joins: { readonly alertId: string; readonly incidentId: string } | undefined;
};

export const UNHANDLED: Handled = { handling: NOT_HANDLED, ref: '', joins: undefined };

/** Alerts of one image on one day (UTC, of the collector's clock), by how they were dealt with. */
export type Tally = {
  readonly image: string;
  readonly day: number;
  readonly handling: HandlingKind;
  /** An alarm, and not a record that informs: those an image has a budget for. */
  readonly isAlarm: boolean;
  /** Below zero where a later revision was dealt with in another way. */
  readonly change: number;
};

/** What is written with the correlation, so that a crash leaves all of it or nothing. */
export type FatigueRecord = {
  readonly coolDowns: readonly CoolDown[];
  /** Suppression rule → alerts that it newly suppressed. */
  readonly hits: ReadonlyMap<string, number>;
  readonly tallies: readonly Tally[];
};

export type Weighed = FatigueRecord & {
  /** By the alert's id. */
  readonly handled: ReadonlyMap<string, Handled>;
};

/** What the correlator asks before it correlates (`collector/fatigue` answers). */
export type AlertWeigher = {
  weigh(arrivals: readonly UncorrelatedAlert[], nowMs: number): Promise<Weighed>;
};
