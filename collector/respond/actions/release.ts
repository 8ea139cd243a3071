import type { PodView } from '../../kube/kube.ts';
import type { Action } from '../action.ts';
import { detachedLabels } from '../detach.ts';
import {
  DETACHED_ANNOTATION,
  ISOLATED_LABEL,
  RESPONSE_ANNOTATION,
  SUSPECT_LABEL,
} from '../labels.ts';
import { done, skipped } from '../outcome.ts';
import { changePod } from '../patch.ts';

/**
 * Takes Lanner's labels off and puts the detached ones back. The network policy stays: it selects
 * nothing without the label, and deleting it would race with the next isolation.
 */
export const release: Action = {
  isDestructive: false,
  isDisruptive: false,
  isWatched: false,
  reversal: null,
  words: 'take Lanner’s labels off the pod and put its own back',

  run: (response, context) =>
    changePod(response, context, async (pod) => {
      const ours = [ISOLATED_LABEL, SUSPECT_LABEL]
        .filter((label) => Object.hasOwn(pod.labels ?? {}, label));
      if (ours.length === 0 && !Object.hasOwn(pod.annotations ?? {}, DETACHED_ANNOTATION)) {
        return {
          kind: 'nothing',
          outcome: context.isAgain
            ? done('the pod is released')
            : skipped('nothing-to-reverse', 'the pod bears no label of Lanner'),
        };
      }
      const back = labelsToRestore(pod);
      return {
        kind: 'change',
        detail: context.dryRun ? 'the pod would be released' : 'the pod is released',
        warnings: warningsOf(pod, back),
        change: {
          setLabels: back,
          dropLabels: ours,
          dropAnnotations: [DETACHED_ANNOTATION, RESPONSE_ANNOTATION],
        },
      };
    }),
};

/** A label that somebody has set again in the meantime is theirs. */
function labelsToRestore(pod: PodView): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(detachedLabels(pod))
    .filter(([key]) => !Object.hasOwn(pod.labels ?? {}, key)));
}

function warningsOf(
  pod: PodView,
  back: Readonly<Record<string, string>>,
): readonly string[] {
  const count = Object.keys(back).length;
  if (count > 0) {
    return ['the controller has one replica too many now: it may remove this pod or another'];
  }
  const text = pod.annotations?.[DETACHED_ANNOTATION];
  return text === undefined || text === '{}'
    ? []
    : [`the annotation ${DETACHED_ANNOTATION} held no label that could be put back`];
}
