import { actionFacts } from './plan-steps.ts';
import type { ActionName } from './plan-steps.ts';

/**
 * Where a response stands and what the person in front of it may do next. The collector decides
 * again; this says it before the button is pressed, and why a button cannot be.
 */
export const responseGroups = ['waiting', 'running', 'in-effect', 'ended'] as const;
export type ResponseGroup = (typeof responseGroups)[number];

const GROUPS: Readonly<Record<string, ResponseGroup>> = {
  proposed: 'waiting',
  approved: 'running',
  'collecting-evidence': 'running',
  executing: 'running',
  verifying: 'running',
};

export type StandingResponse = {
  readonly action: ActionName;
  readonly state: string;
  readonly terms: { readonly fourEyes: boolean };
  readonly proposedBy: string;
  readonly approvals: readonly string[];
  readonly reverses: string;
  readonly executedAtMs: number;
  readonly expiresAtMs: number;
};

/** What was done and can be taken back, or was not; the rest is over. */
export function groupOf({ action, state }: Pick<StandingResponse, 'action' | 'state'>):
ResponseGroup {
  const known = GROUPS[state];
  if (known !== undefined) return known;
  return hasWayBack({ action, state }) ? 'in-effect' : 'ended';
}

/** As the collector sees it: what took effect and has an action that takes it back. */
export const hasWayBack = ({ action, state }: Pick<StandingResponse, 'action' | 'state'>):
boolean =>
  actionFacts[action].reversal !== null && (state === 'verified' || state === 'not-effective');

export type ApprovalBar =
  | { readonly kind: 'none' }
  | { readonly kind: 'not-waiting' | 'expired' | 'paused' | 'role' | 'same-person' };

export type Approver = {
  readonly name: string;
  /** Approver in the pod's namespace. */
  readonly isAllowed: boolean;
  /** Admin there: may decide alone, where four eyes are not asked for. */
  readonly mayDecideAlone: boolean;
};

/** What stands between this person and an approval: the first thing that does. */
export function approvalBar(
  response: StandingResponse,
  { name, isAllowed, mayDecideAlone }: Approver,
  { isPaused, nowMs }: { readonly isPaused: boolean; readonly nowMs: number },
): ApprovalBar {
  if (response.state !== 'proposed') return { kind: 'not-waiting' };
  if (response.expiresAtMs > 0 && response.expiresAtMs <= nowMs) return { kind: 'expired' };
  if (!isAllowed) return { kind: 'role' };
  // The ways back stay open while responses are paused.
  if (isPaused && response.reverses === '') return { kind: 'paused' };
  const isOwn = [response.proposedBy, ...response.approvals]
    .some((other) => other.toLowerCase() === name.toLowerCase());
  const isRefused = isOwn && (response.terms.fourEyes || !mayDecideAlone);
  return { kind: isRefused ? 'same-person' : 'none' };
}

/** How many have to approve still. A proposal of somebody with a name is one pair of eyes. */
export function approvalsMissing(
  { state, terms, approvals, proposedBy }: StandingResponse,
): number {
  if (state !== 'proposed') return 0;
  if (!terms.fourEyes) return 1;
  const people = new Set([proposedBy, ...approvals].filter(isNamed).map((one) =>
    one.toLowerCase()));
  return Math.max(1, 2 - people.size);
}

/** The machine's own actors have no eyes. */
const isNamed = (actor: string): boolean =>
  !actor.startsWith('policy:') && actor !== 'collector' && actor !== 'api-token';

/** Groups in the order of urgency; what waits longest for a person comes first, else the newest. */
export function grouped<T extends StandingResponse & { readonly proposedAtMs: number }>(
  responses: readonly T[],
): ReadonlyMap<ResponseGroup, readonly T[]> {
  return new Map(responseGroups.map((group) => {
    const of = responses.filter((response) => groupOf(response) === group);
    const sign = group === 'waiting' ? 1 : -1;
    return [group, of.toSorted((a, b) => sign * (a.proposedAtMs - b.proposedAtMs))];
  }));
}

export type Countdown =
  | { readonly kind: 'over' }
  | { readonly kind: 'seconds' | 'minutes' | 'hours'; readonly count: number };

export function countdownTo(atMs: number, nowMs: number): Countdown {
  const seconds = Math.ceil((atMs - nowMs) / 1_000);
  if (seconds <= 0) return { kind: 'over' };
  if (seconds < 120) return { kind: 'seconds', count: seconds };
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return { kind: 'minutes', count: minutes };
  return { kind: 'hours', count: Math.floor(minutes / 60) };
}
