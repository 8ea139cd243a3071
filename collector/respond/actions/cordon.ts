import type { NodeView, PatchOperation } from '../../kube/kube.ts';
import { PATCH_ATTEMPTS_MAX, absent, changing, findPod } from '../action.ts';
import type { Action, ActionContext } from '../action.ts';
import { RESPONSE_ANNOTATION } from '../labels.ts';
import { done, kubeFailed, skipped } from '../outcome.ts';
import type { ActionOutcome } from '../outcome.ts';
import { metadataPatch } from '../patch.ts';
import type { MetadataChange } from '../patch.ts';
import type { Response } from '../response.ts';

/**
 * Keeps new pods off the node the pod runs on. The annotation says that it was us: a node that
 * somebody else cordoned is never uncordoned.
 */
export const cordon: Action = {
  isDestructive: false,
  isDisruptive: false,
  isWatched: false,
  reversal: 'uncordon',
  words: 'let no new pods be scheduled on the node',

  undo: async (response, { kube }) => {
    const found = await findPod(response, kube);
    if (!found.ok) return found;
    const name = found.pod.nodeName;
    if (name === '') {
      return { ok: false, outcome: skipped('pod-moved', 'the pod is on no node') };
    }
    if (response.target.node !== '' && response.target.node !== name) {
      const detail = `the pod is on ${name}, not on ${response.target.node}`;
      return { ok: false, outcome: skipped('pod-moved', detail) };
    }
    const node = await kube.readNode(name);
    return node.ok
      ? { ok: true, undo: { kind: 'node', name, uid: node.value.uid } }
      : { ok: false, outcome: kubeFailed(node) };
  },

  run: (response, context) =>
    changeNode(response, context, (node) => {
      if (node.isUnschedulable) {
        return isOurs(node, response.id)
          ? done('the node is cordoned')
          : skipped('already', 'the node is cordoned already, and not by this response');
      }
      return {
        detail: `node ${node.name} ${context.dryRun ? 'would be' : 'is'} cordoned`,
        isUnschedulable: true,
        change: { setAnnotations: { [RESPONSE_ANNOTATION]: response.id } },
      };
    }),

  look: async (response, { kube }) => {
    if (response.undo.kind !== 'node') return absent('the node was not looked at');
    const node = await kube.readNode(response.undo.name);
    if (!node.ok) return kubeFailed(node);
    return node.value.isUnschedulable && isOurs(node.value, response.id)
      ? done('the node is cordoned')
      : absent('the node is not cordoned');
  },
};

export const uncordon: Action = {
  isDestructive: false,
  isDisruptive: false,
  isWatched: false,
  reversal: null,
  words: 'let pods be scheduled on the node again',

  run: (response, context) =>
    changeNode(response, context, (node) => {
      if (!isOurs(node, response.reverses)) {
        return context.isAgain && !node.isUnschedulable
          ? done('the node is uncordoned')
          : skipped('nothing-to-reverse', 'the node was not cordoned by that response');
      }
      return {
        detail: `node ${node.name} ${context.dryRun ? 'would be' : 'is'} uncordoned`,
        isUnschedulable: false,
        change: { dropAnnotations: [RESPONSE_ANNOTATION] },
      };
    }),
};

const isOurs = (node: NodeView, responseId: string): boolean =>
  node.annotations?.[RESPONSE_ANNOTATION] === responseId;

type NodeChange = {
  readonly detail: string;
  readonly isUnschedulable: boolean;
  readonly change: MetadataChange;
};

async function changeNode(
  { undo }: Response,
  { kube, dryRun }: ActionContext,
  decide: (node: NodeView) => NodeChange | ActionOutcome,
): Promise<ActionOutcome> {
  if (undo.kind !== 'node') return skipped('nothing-to-reverse', 'the response names no node');
  for (let attempt = 0; attempt < PATCH_ATTEMPTS_MAX; attempt += 1) {
    const read = await kube.readNode(undo.name);
    if (!read.ok) return kubeFailed(read);
    const node = read.value;
    if (node.uid !== undo.uid) {
      return skipped('pod-moved', `the name now belongs to another node, ${node.uid}`);
    }
    const decided = decide(node);
    if ('kind' in decided) return decided;
    const spec: PatchOperation = {
      op: 'add',
      path: '/spec/unschedulable',
      value: decided.isUnschedulable,
    };
    const patch = [...metadataPatch(node, decided.change), spec];
    const patched = await kube.patchNode(node.name, patch, { dryRun });
    if (patched.ok) return done(decided.detail);
    if (patched.reason !== 'conflict') return kubeFailed(patched);
  }
  return changing('node');
}
