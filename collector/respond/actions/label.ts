import { absent, findPod } from '../action.ts';
import type { Action } from '../action.ts';
import { RESPONSE_ANNOTATION, SUSPECT_LABEL, SUSPECT_VALUE } from '../labels.ts';
import { done } from '../outcome.ts';
import { changePod } from '../patch.ts';

/** Marks the pod as suspect, and names the response: what other tools of the cluster go by. */
export const label: Action = {
  isDestructive: false,
  isDisruptive: false,
  isWatched: false,
  reversal: 'release',
  words: `set the label ${SUSPECT_LABEL} and the annotation ${RESPONSE_ANNOTATION}`,

  run: (response, context) =>
    changePod(response, context, async (pod) => {
      const detail = `the pod has the label ${SUSPECT_LABEL}`;
      if (pod.labels?.[SUSPECT_LABEL] === SUSPECT_VALUE) {
        return { kind: 'nothing', outcome: done(detail) };
      }
      return {
        kind: 'change',
        detail: context.dryRun ? `the pod would have the label ${SUSPECT_LABEL}` : detail,
        warnings: [],
        change: {
          setLabels: { [SUSPECT_LABEL]: SUSPECT_VALUE },
          setAnnotations: { [RESPONSE_ANNOTATION]: response.id },
        },
      };
    }),

  look: async (response, { kube }) => {
    const found = await findPod(response, kube);
    if (!found.ok) return found.outcome;
    return found.pod.labels?.[SUSPECT_LABEL] === SUSPECT_VALUE
      ? done('the pod is labelled')
      : absent('the pod is not labelled');
  },
};
