import { approve } from './four-eyes.ts';
import type { ApprovalRefusal } from './four-eyes.ts';
import { isReversal } from './response.ts';
import type {
  EvidenceItem,
  Response,
  ResponseReason,
  ResponseState,
  UndoRecord,
} from './response.ts';

/**
 * The life of a response. Every step is stored, with its audit record, before anything is done:
 *
 *   proposed ──approve──► approved ──collect──► collecting-evidence ──┐
 *    │ │ ▲ └─approve─┐      │  ▲  └────────────begin───────────────┐  │ begin
 *    │ │ └───────────┘      │  │                                   ▼  ▼
 *    │ └reject─► rejected ◄─┤  └──────────────retry───────────── executing ──fail──► failed
 *    └expire──► expired     └─skip─► not-executed ◄───skip──────┘   │   │
 *                                                           watch │   │ succeed
 *                          not-effective ◄──observe── verifying ──┴──► verified
 *                                └─────────────undo──► reversed ◄──undo───┘
 *
 * (approved and collecting-evidence can fail too: where the cluster cannot be asked in time.)
 *
 * A collector that dies in `executing` finds the response there when it starts again and runs the
 * action again: each action looks first whether its effect is there already, and names the pod by
 * uid, so running it twice does no more than running it once. One that dies in `collecting-evidence`
 * collects again (files are replaced), one that dies in `verifying` watches for what is left.
 */
export type ResponseEvent =
  | { readonly kind: 'approve'; readonly by: string }
  | { readonly kind: 'reject'; readonly by: string }
  | { readonly kind: 'expire' }
  | { readonly kind: 'collect' }
  | {
    readonly kind: 'begin';
    readonly collected?: Collected;
    readonly undo?: UndoRecord;
    /** As the cluster names them, where the proposal could not know. */
    readonly place?: { readonly workload: string; readonly node: string };
  }
  | { readonly kind: 'retry'; readonly reason: ResponseReason; readonly detail: string }
  | { readonly kind: 'watch'; readonly detail: string; readonly warnings: readonly string[] }
  | { readonly kind: 'succeed'; readonly detail: string; readonly warnings: readonly string[] }
  | { readonly kind: 'observe'; readonly detail: string }
  | { readonly kind: 'skip'; readonly reason: ResponseReason; readonly detail: string }
  | { readonly kind: 'fail'; readonly reason: ResponseReason; readonly detail: string }
  | { readonly kind: 'undo'; readonly by: string };

export type Collected = {
  readonly items: readonly EvidenceItem[];
  readonly warnings: readonly string[];
};

export type ResponseEventKind = ResponseEvent['kind'];

export type TransitionRefusal = 'wrong-state' | 'expired' | ApprovalRefusal;

export type Transition =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly reason: TransitionRefusal };

/** Which events a state takes; a new state or event does not compile until it stands here. */
export const transitions: Readonly<
  Record<ResponseState, Readonly<Partial<Record<ResponseEventKind, ResponseState>>>>
> = {
  proposed: { approve: 'approved', reject: 'rejected', expire: 'expired' },
  approved: {
    collect: 'collecting-evidence',
    begin: 'executing',
    skip: 'not-executed',
    fail: 'failed',
    reject: 'rejected',
  },
  'collecting-evidence': { begin: 'executing', skip: 'not-executed', fail: 'failed' },
  executing: {
    begin: 'executing',
    retry: 'approved',
    watch: 'verifying',
    succeed: 'verified',
    skip: 'not-executed',
    fail: 'failed',
  },
  verifying: { succeed: 'verified', observe: 'not-effective', undo: 'reversed' },
  verified: { undo: 'reversed' },
  'not-effective': { undo: 'reversed' },
  failed: {},
  'not-executed': {},
  rejected: {},
  reversed: {},
  expired: {},
};

export function transition(response: Response, event: ResponseEvent, nowMs: number): Transition {
  const state = transitions[response.state][event.kind];
  if (state === undefined) return { ok: false, reason: 'wrong-state' };
  // Between two attempts nobody knows whether the first had its effect: `rejected` would deny it.
  if (event.kind === 'reject' && response.attempts > 0) {
    return { ok: false, reason: 'wrong-state' };
  }
  const step = (changed: Partial<Response>): Transition => ({
    ok: true,
    response: {
      ...response,
      state,
      ...changed,
      revision: response.revision + 1,
      updatedAtMs: nowMs,
    },
  });
  if (event.kind !== 'approve') return step(changes(response, event, nowMs));
  if (nowMs >= response.expiresAtMs) return { ok: false, reason: 'expired' };
  const approval = approve(response, event.by);
  if (!approval.ok) return approval;
  const { approvals, isEnough } = approval;
  return step(isEnough ? { approvals } : { approvals, state: 'proposed' });
}

function changes(
  response: Response,
  event: Exclude<ResponseEvent, { kind: 'approve' }>,
  nowMs: number,
): Partial<Response> {
  switch (event.kind) {
    case 'begin':
      return {
        attempts: response.attempts + 1,
        // The limits count a response once, however often it is tried.
        executedAtMs: response.executedAtMs === 0 ? nowMs : response.executedAtMs,
        reason: '',
        detail: '',
        ...(event.undo === undefined ? {} : { undo: event.undo }),
        ...(event.place === undefined ? {} : { target: { ...response.target, ...event.place } }),
        ...(event.collected === undefined ? {} : {
          evidence: event.collected.items,
          warnings: event.collected.warnings,
        }),
      };
    case 'retry':
    case 'skip':
    case 'fail':
      return { reason: event.reason, detail: event.detail };
    case 'watch':
      return {
        ...inEffect(response, event, nowMs),
        watchEndsAtMs: nowMs + response.terms.watchSeconds * 1_000,
      };
    case 'succeed':
      return inEffect(response, event, nowMs);
    case 'observe':
      return { reason: 'activity', detail: event.detail };
    case 'undo':
      return { detail: `reversed by ${event.by}`, reverseAtMs: 0 };
    case 'collect':
    case 'reject':
    case 'expire':
      return {};
  }
}

type Effect = { readonly detail: string; readonly warnings: readonly string[] };

/** The time to live runs from the moment the effect was there, and once. */
function inEffect(response: Response, effect: Effect, nowMs: number): Partial<Response> {
  const { action, terms, reverseAtMs, warnings } = response;
  const isTimed = terms.ttlSeconds > 0 && reverseAtMs === 0 && canEnd(action);
  return {
    reason: '',
    detail: effect.detail,
    warnings: [...new Set([...warnings, ...effect.warnings])].slice(0, WARNINGS_MAX),
    ...(isTimed ? { reverseAtMs: nowMs + terms.ttlSeconds * 1_000 } : {}),
  };
}

const WARNINGS_MAX = 40;

/** A pod or a process that was killed does not come back. */
const canEnd = (action: Response['action']): boolean =>
  !isReversal(action) && action !== 'kill' && action !== 'kill-process';
