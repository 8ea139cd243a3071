import type { PatchOperation, PodView } from '../kube/kube.ts';
import { PATCH_ATTEMPTS_MAX, changing, findPod } from './action.ts';
import type { ActionContext } from './action.ts';
import { annotationPath, labelPath } from './labels.ts';
import type { Labels } from './labels.ts';
import { done, failed, kubeFailed } from './outcome.ts';
import type { ActionOutcome } from './outcome.ts';
import type { Response } from './response.ts';

/** Changes labels and annotations of one object: all of them, or none. */
export type MetadataChange = {
  readonly setLabels?: Labels;
  readonly dropLabels?: readonly string[];
  readonly setAnnotations?: Labels;
  readonly dropAnnotations?: readonly string[];
};

type Metadata = Pick<PodView, 'uid' | 'resourceVersion' | 'labels' | 'annotations'>;

export function metadataPatch(
  object: Metadata,
  change: MetadataChange,
): readonly PatchOperation[] {
  const { setLabels = {}, dropLabels = [], setAnnotations = {}, dropAnnotations = [] } = change;
  const set = (values: Labels, path: (key: string) => string): readonly PatchOperation[] =>
    Object.entries(values).map(([key, value]) => ({ op: 'add', path: path(key), value }));
  const drop = (
    keys: readonly string[],
    present: Labels | null,
    path: (key: string) => string,
  ): readonly PatchOperation[] =>
    keys.filter((key) => Object.hasOwn(present ?? {}, key))
      .map((key) => ({ op: 'remove', path: path(key) }));
  const map = (path: string, present: Labels | null, wanted: Labels): readonly PatchOperation[] =>
    present === null && Object.keys(wanted).length > 0 ? [{ op: 'add', path, value: {} }] : [];
  return [
    // The uid: no other object. The version: nobody changed the labels since we looked at them.
    { op: 'test', path: '/metadata/uid', value: object.uid },
    { op: 'test', path: '/metadata/resourceVersion', value: object.resourceVersion },
    ...map('/metadata/labels', object.labels, setLabels),
    ...map('/metadata/annotations', object.annotations, setAnnotations),
    ...set(setLabels, labelPath),
    ...drop(dropLabels, object.labels, labelPath),
    ...set(setAnnotations, annotationPath),
    ...drop(dropAnnotations, object.annotations, annotationPath),
  ];
}

export type PodChange =
  | { readonly kind: 'nothing'; readonly outcome: ActionOutcome }
  | {
    readonly kind: 'change';
    readonly change: MetadataChange;
    readonly detail: string;
    readonly warnings: readonly string[];
  };

/** Reads, decides, patches; again when the pod changed in between. */
export async function changePod(
  response: Response,
  { kube, dryRun }: ActionContext,
  decide: (pod: PodView) => Promise<PodChange>,
): Promise<ActionOutcome> {
  const ref = { namespace: response.target.namespace, name: response.target.pod };
  for (let attempt = 0; attempt < PATCH_ATTEMPTS_MAX; attempt += 1) {
    const found = await findPod(response, kube);
    if (!found.ok) return found.outcome;
    const decided = await decide(found.pod);
    if (decided.kind === 'nothing') return decided.outcome;
    const { change, detail, warnings } = decided;
    const patched = await kube.patchPod(ref, metadataPatch(found.pod, change), { dryRun });
    if (patched.ok) {
      const lost = lostLabel(patched.value.labels ?? {}, change);
      return lost === undefined
        ? done(detail, warnings)
        : failed('not-verified', `the label ${lost} did not stay as it was set`);
    }
    if (patched.reason !== 'conflict') return kubeFailed(patched);
  }
  return changing('pod');
}

/** An admission webhook may have put things back. */
function lostLabel(labels: Labels, change: MetadataChange): string | undefined {
  const { setLabels = {}, dropLabels = [] } = change;
  return Object.keys(setLabels).find((key) => labels[key] !== setLabels[key]) ??
    dropLabels.find((key) => Object.hasOwn(labels, key));
}
