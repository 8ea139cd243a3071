import { absent, findPod, seenOrFound } from '../action.ts';
import type { Action } from '../action.ts';
import { done, kubeFailed, skipped } from '../outcome.ts';
import type { ActionOutcome } from '../outcome.ts';

/** Deletes the pod of that uid; the API server itself refuses a successor of the same name. */
export const kill: Action = {
  isDestructive: true,
  isDisruptive: true,
  isWatched: false,
  reversal: null,
  words: 'delete the pod of that uid',

  run: async (response, context) => {
    const { kube, dryRun, isAgain } = context;
    const { target, terms: { graceSeconds } } = response;
    const before = await seenOrFound(response, context);
    if (!before.ok) return killedBefore(before.outcome, isAgain);
    if (before.pod.isDeleting && graceSeconds > 0) {
      return { kind: 'pending', detail: 'the pod is ending' };
    }
    const deleted = await kube.deletePod({ namespace: target.namespace, name: target.pod }, {
      uid: target.podUid,
      graceSeconds,
      dryRun,
    });
    if (!deleted.ok) {
      if (deleted.reason === 'conflict') return skipped('pod-replaced', deleted.message);
      return killedBefore(kubeFailed(deleted), isAgain);
    }
    const warnings = before.pod.owner === null
      ? ['the pod has no controller: nothing starts another one']
      : [];
    if (dryRun) return done('the API server would delete the pod', warnings);
    const after = await findPod(response, kube);
    if (after.ok) {
      const { finalizers } = after.pod;
      const held = finalizers.length === 0 ? '' : `, held by finalizers ${finalizers.join(', ')}`;
      return { kind: 'pending', detail: `the pod is ending${held}` };
    }
    return after.outcome.kind === 'skipped' ? done('the pod is gone', warnings) : after.outcome;
  },

  look: async (response, { kube }) => {
    const found = await findPod(response, kube);
    if (found.ok) return absent(found.pod.isDeleting ? 'the pod is ending' : 'the pod is there');
    return found.outcome.kind === 'skipped' ? done('the pod is gone') : found.outcome;
  },
};

/** After a crash in mid-kill a pod that is gone is our work, not a pod we came too late for. */
function killedBefore(outcome: ActionOutcome, isAgain: boolean): ActionOutcome {
  return isAgain && outcome.kind === 'skipped' ? done('the pod is gone') : outcome;
}
