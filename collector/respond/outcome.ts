import type { KubeFailure } from '../kube/kube.ts';
import type { ResponseReason } from './response.ts';

/** How one run of an action ended. */
export type ActionOutcome =
  | { readonly kind: 'done'; readonly detail: string; readonly warnings: readonly string[] }
  /** The effect is under way: look again (a pod that ends gracefully). */
  | { readonly kind: 'pending'; readonly detail: string }
  /** There is nothing to do, or it must not be done. */
  | { readonly kind: 'skipped'; readonly reason: ResponseReason; readonly detail: string }
  | ActionFailure;

export type ActionFailure = {
  readonly kind: 'failed';
  readonly reason: ResponseReason;
  readonly detail: string;
  /** Worth another attempt after this long; absent when it would fail again. */
  readonly retryAfterMs?: number;
};

export const done = (detail: string, warnings: readonly string[] = []): ActionOutcome => ({
  kind: 'done',
  detail,
  warnings,
});

export const skipped = (
  reason: ResponseReason,
  detail: string,
): Extract<ActionOutcome, { kind: 'skipped' }> => ({ kind: 'skipped', reason, detail });

export const failed = (reason: ResponseReason, detail: string): ActionFailure => ({
  kind: 'failed',
  reason,
  detail,
});

const RETRY_DEFAULT_MS = 1_000;

/** A failure of the API server in terms of the response. */
export function kubeFailed(failure: KubeFailure): ActionOutcome {
  switch (failure.reason) {
    case 'forbidden':
    case 'invalid':
    case 'too-large':
      return failed(failure.reason, failure.message);
    case 'not-found':
      return skipped('pod-gone', failure.message);
    case 'conflict':
      return { ...failed('unavailable', failure.message), retryAfterMs: RETRY_DEFAULT_MS };
    case 'too-many-requests':
    case 'unavailable':
      return {
        ...failed(failure.reason, failure.message),
        retryAfterMs: Math.max(failure.retryAfterMs, RETRY_DEFAULT_MS),
      };
  }
}
