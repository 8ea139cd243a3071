import type { Response, ResponseReason, ResponseState } from './response.ts';

/**
 * The life of a response. Every step is stored, with its audit record, before anything is done:
 *
 *   proposed ──approve──► approved ──begin──► executing ──succeed──► verified ──undo──► reversed
 *      │  │                  │  ▲                │ │  └──fail──► failed
 *      │  └─reject► rejected │  └──────retry─────┘ │
 *      └─expire──► expired   └──skip──► not-executed ◄┘
 *
 * A collector that dies in `executing` finds the response there when it starts again and runs the
 * action again: each action looks first whether its effect is there already, and names the pod by
 * uid, so running it twice does no more than running it once.
 */
export type ResponseEvent =
  | { readonly kind: 'approve'; readonly by: string }
  | { readonly kind: 'reject'; readonly by: string }
  | { readonly kind: 'expire' }
  | { readonly kind: 'begin' }
  | { readonly kind: 'retry'; readonly reason: ResponseReason; readonly detail: string }
  | { readonly kind: 'succeed'; readonly detail: string; readonly warnings: readonly string[] }
  | { readonly kind: 'skip'; readonly reason: ResponseReason; readonly detail: string }
  | { readonly kind: 'fail'; readonly reason: ResponseReason; readonly detail: string }
  | { readonly kind: 'undo'; readonly by: string };

export type ResponseEventKind = ResponseEvent['kind'];

export type Transition =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly reason: 'wrong-state' | 'expired' };

/** Which events a state takes; a new state or event does not compile until it stands here. */
export const transitions: Readonly<
  Record<ResponseState, Readonly<Partial<Record<ResponseEventKind, ResponseState>>>>
> = {
  proposed: { approve: 'approved', reject: 'rejected', expire: 'expired' },
  approved: { begin: 'executing', skip: 'not-executed', reject: 'rejected' },
  executing: {
    begin: 'executing',
    retry: 'approved',
    succeed: 'verified',
    skip: 'not-executed',
    fail: 'failed',
  },
  verified: { undo: 'reversed' },
  failed: {},
  'not-executed': {},
  rejected: {},
  reversed: {},
  expired: {},
};

export function transition(response: Response, event: ResponseEvent, nowMs: number): Transition {
  const state = transitions[response.state][event.kind];
  if (state === undefined) return { ok: false, reason: 'wrong-state' };
  if (event.kind === 'approve' && nowMs >= response.expiresAtMs) {
    return { ok: false, reason: 'expired' };
  }
  return {
    ok: true,
    response: {
      ...response,
      ...changes(response, event, nowMs),
      state,
      revision: response.revision + 1,
      updatedAtMs: nowMs,
    },
  };
}

function changes(response: Response, event: ResponseEvent, nowMs: number): Partial<Response> {
  switch (event.kind) {
    case 'approve':
      return { approvedBy: event.by };
    case 'begin':
      return {
        attempts: response.attempts + 1,
        // The budget counts a response once, however often it is tried.
        executedAtMs: response.executedAtMs === 0 ? nowMs : response.executedAtMs,
        reason: '',
        detail: '',
      };
    case 'retry':
    case 'skip':
    case 'fail':
      return { reason: event.reason, detail: event.detail };
    case 'succeed':
      return { reason: '', detail: event.detail, warnings: event.warnings };
    case 'undo':
      return { detail: `reversed by ${event.by}` };
    case 'reject':
    case 'expire':
      return {};
  }
}
