import type { ControllerView, Kube, PodView } from '../kube/kube.ts';
import { isControllerKind } from '../kube/objects.ts';
import { kubeFailed } from './outcome.ts';
import type { ActionOutcome } from './outcome.ts';

/** ReplicaSet, then its Deployment; a third would be a new kind of owner. */
const OWNERS_MAX = 3;

export type Owners =
  | {
    readonly ok: true;
    /** From the pod upwards: the last one decides how many pods there are. */
    readonly controllers: readonly ControllerView[];
    /** `Kind name` of an owner that Lanner cannot read the status of; empty when there is none. */
    readonly unknown: string;
  }
  | { readonly ok: false; readonly outcome: ActionOutcome };

export async function readOwners(kube: Kube, pod: PodView): Promise<Owners> {
  const controllers: ControllerView[] = [];
  let { owner } = pod;
  while (owner !== null && controllers.length < OWNERS_MAX) {
    const { kind, name } = owner;
    if (!isControllerKind(kind)) return { ok: true, controllers, unknown: `${kind} ${name}` };
    const read = await kube.readController({ namespace: pod.namespace, kind, name });
    if (!read.ok) {
      // The controller is deleted and its pods are about to be: nobody counts on them.
      if (read.reason === 'not-found') break;
      return { ok: false, outcome: kubeFailed(read) };
    }
    if (read.value.uid !== owner.uid) break;
    controllers.push(read.value);
    ({ owner } = read.value);
  }
  return { ok: true, controllers, unknown: '' };
}
