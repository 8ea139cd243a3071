import { absent, findPod } from '../action.ts';
import type { Action } from '../action.ts';
import { detachedLabels, findTies } from '../detach.ts';
import { ensurePolicy, findLeaks, isolatedValue } from '../isolation-policy.ts';
import { DETACHED_ANNOTATION, ISOLATED_LABEL, RESPONSE_ANNOTATION } from '../labels.ts';
import { done, skipped } from '../outcome.ts';
import { changePod } from '../patch.ts';

/**
 * Cuts the pod off and keeps it: a network policy denies both ways, and the labels that tie it to
 * its services and its controller are taken off, so that a replacement starts beside the evidence.
 */
export const isolate: Action = {
  isDestructive: false,
  isDisruptive: true,
  isWatched: true,
  reversal: 'release',
  words: 'deny the pod all traffic, and detach it from its services and its controller',

  run: async (response, context) => {
    const { kube, dryRun, forensicsNamespace } = context;
    const terms = { namespace: response.target.namespace, forensicsNamespace };
    const found = await findPod(response, kube);
    if (!found.ok) return found.outcome;
    if (found.pod.isHostNetwork) {
      return skipped('host-network', 'network policies do not reach a pod on the host network');
    }
    // The policy first: with the label last, the pod is cut off the moment it is set.
    const problem = await ensurePolicy(kube, terms, { dryRun });
    if (problem !== undefined) return problem;
    const value = isolatedValue(forensicsNamespace);
    return changePod(response, context, async (pod) => {
      const ties = await findTies(kube, pod);
      const detached = { ...detachedLabels(pod), ...ties.labels };
      const labels = Object.fromEntries([
        ...Object.entries(pod.labels ?? {}).filter(([key]) => !Object.hasOwn(ties.labels, key)),
        [ISOLATED_LABEL, value],
      ]);
      const warnings = [...ties.warnings, ...await findLeaks(kube, labels, terms)];
      const names = Object.keys(ties.labels);
      if (pod.labels?.[ISOLATED_LABEL] === value && names.length === 0) {
        return { kind: 'nothing', outcome: done('the pod is isolated', warnings) };
      }
      const without = names.length === 0 ? '' : `, without its labels ${names.join(', ')}`;
      return {
        kind: 'change',
        detail: `${dryRun ? 'the pod would be' : 'the pod is'} isolated${without}`,
        warnings,
        change: {
          setLabels: { [ISOLATED_LABEL]: value },
          dropLabels: names,
          setAnnotations: {
            [DETACHED_ANNOTATION]: JSON.stringify(detached),
            [RESPONSE_ANNOTATION]: response.id,
          },
        },
      };
    });
  },

  look: async (response, { kube }) => {
    const found = await findPod(response, kube);
    if (!found.ok) return found.outcome;
    return Object.hasOwn(found.pod.labels ?? {}, ISOLATED_LABEL)
      ? done('the pod is isolated')
      : absent('the pod is not isolated');
  },
};
