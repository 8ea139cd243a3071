import { actions } from './actions/all.ts';
import { EVIDENCE_MS } from './evidence.ts';
import type { Response } from './response.ts';

/** What the response will do, in the order it does it: what an approver reads. */
export function planOf({ action, terms, reverseAtMs }: Response): readonly string[] {
  const { isDestructive, isWatched, reversal, words } = actions[action];
  const { evidence, watchSeconds, fallback, ttlSeconds, graceSeconds, fourEyes, isAutomatic } = terms;
  const takesEvidence = evidence === 'required' || (evidence === 'best-effort' && isDestructive);
  const grace = action === 'kill' ? `, with ${graceSeconds} s to end by itself` : '';
  const steps = [
    ...fourEyes ? ['two different people approve'] : [],
    ...takesEvidence
      ? [`collect evidence within ${EVIDENCE_MS / 1_000} s${
        evidence === 'required' ? ', or do nothing' : ''}`]
      : [],
    words + grace,
    ...isWatched && watchSeconds > 0
      ? [`have the agent watch for ${watchSeconds} s whether it was effective`]
      : [],
    ...fallback.map((next) =>
      `if it was not: ${isAutomatic ? '' : 'propose to '}${actions[next].words}`),
  ];
  if (reversal === null) {
    return steps.concat(isDestructive ? ['there is no way back'] : []);
  }
  if (ttlSeconds === 0) return [...steps, `it stays until somebody orders ${reversal}`];
  const at = reverseAtMs === 0 ? '' : ` (${new Date(reverseAtMs).toISOString()})`;
  return [...steps, `${reversal} by itself after ${ttlSeconds} s${at}`];
}
