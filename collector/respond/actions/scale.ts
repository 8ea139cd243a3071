import type { ControllerView, ScalableRef } from '../../kube/kube.ts';
import { absent, changing, findPod } from '../action.ts';
import type { Action, ActionContext } from '../action.ts';
import { readOwners } from '../owners.ts';
import { done, kubeFailed, skipped } from '../outcome.ts';
import type { ActionOutcome } from '../outcome.ts';
import type { Response } from '../response.ts';

/**
 * Ends all pods of the workload by its replica count, and nothing but the count: the right to patch
 * the whole object would be the right to run any image. So the number for the way back is kept in
 * the response, which is stored before the call.
 */
export const scaleToZero: Action = {
  isDestructive: true,
  isDisruptive: false,
  isWatched: false,
  reversal: 'scale-back',
  words: 'scale the pod’s workload to zero',

  undo: async (response, { kube }) => {
    const found = await findPod(response, kube);
    if (!found.ok) return found;
    const owners = await readOwners(kube, found.pod);
    if (!owners.ok) return owners;
    const top = owners.controllers.at(-1);
    if (top === undefined || !isScalable(top.kind)) {
      const detail = `${top?.kind ?? 'a pod without controller'} has no replica count`;
      return { ok: false, outcome: skipped('no-controller', detail) };
    }
    const { kind, name, uid, desired: replicas } = top;
    return { ok: true, undo: { kind: 'scale', controller: { kind, name, uid }, replicas } };
  },

  run: (response, context) => setReplicas(response, context, { isBack: false }),

  look: async (response, { kube }) => {
    const controller = await readScaled(response, kube);
    if (!controller.ok) return controller.outcome;
    return controller.value.desired === 0 ? done('it is scaled to zero') : absent('it has replicas');
  },
};

export const scaleBack: Action = {
  isDestructive: false,
  isDisruptive: false,
  isWatched: false,
  reversal: null,
  words: 'scale the workload back to what it had',
  run: (response, context) => setReplicas(response, context, { isBack: true }),
};

const isScalable = (kind: string): kind is ScalableRef['kind'] =>
  kind === 'Deployment' || kind === 'StatefulSet';

type Scaled =
  | { readonly ok: true; readonly value: ControllerView }
  | { readonly ok: false; readonly outcome: ActionOutcome };

async function readScaled(
  { undo, target }: Response,
  kube: ActionContext['kube'],
): Promise<Scaled> {
  if (undo.kind !== 'scale') {
    const detail = 'the response names no workload that was scaled';
    return { ok: false, outcome: skipped('nothing-to-reverse', detail) };
  }
  const { kind, name, uid } = undo.controller;
  const read = await kube.readController({ namespace: target.namespace, kind, name });
  if (!read.ok) return { ok: false, outcome: kubeFailed(read) };
  if (read.value.uid !== uid) {
    const detail = `the name now belongs to another ${kind}, ${read.value.uid}`;
    return { ok: false, outcome: skipped('pod-replaced', detail) };
  }
  return { ok: true, value: read.value };
}

async function setReplicas(
  response: Response,
  { kube, dryRun, isAgain }: ActionContext,
  { isBack }: { readonly isBack: boolean },
): Promise<ActionOutcome> {
  const found = await readScaled(response, kube);
  if (!found.ok) return found.outcome;
  if (response.undo.kind !== 'scale') return skipped('nothing-to-reverse', 'nothing was scaled');
  const { controller: { kind, name, uid }, replicas } = response.undo;
  const from = found.value.desired;
  const to = isBack ? replicas : 0;
  const text = `${kind} ${name} ${dryRun ? 'would be' : 'is'} scaled from ${from} to ${to}`;
  if (from === to) {
    return isAgain || isBack
      ? done(`${kind} ${name} has ${to} replicas`)
      : skipped('already', `${kind} ${name} has ${to} replicas already`);
  }
  // Somebody has decided on a number since: theirs holds.
  if (isBack && from !== 0) {
    return skipped('nothing-to-reverse', `${kind} ${name} has ${from} replicas by now`);
  }
  const ref: ScalableRef = { namespace: response.target.namespace, kind, name };
  const set = await kube.setReplicas(ref, { uid, from, to, dryRun });
  if (set.ok) return done(text);
  return set.reason === 'conflict' ? changing('workload') : kubeFailed(set);
}
