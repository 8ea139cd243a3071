import type { Kube, PatchOperation, PodRef, PodView } from '../kube/kube.ts';
import {
  ISOLATED_LABEL,
  LABEL_VALUE,
  POLICY_LABELS,
  POLICY_NAME,
  SUSPECT_LABEL,
  allowsTraffic,
  isIsolationPolicy,
  labelPath,
} from './labels.ts';
import { done, kubeFailed, skipped } from './outcome.ts';
import type { ActionOutcome } from './outcome.ts';
import type { Response } from './response.ts';

/**
 * The actions on a pod. Each looks first (the uid must be the one that was meant), acts, and looks
 * again; each may be run any number of times. With `dryRun` the API server checks everything and
 * changes nothing, so there is nothing to look at afterwards.
 */
export type ActionOptions = {
  readonly kube: Kube;
  readonly dryRun: boolean;
  /** The action was begun before (by us, perhaps before a crash): its effect may be there. */
  readonly isAgain: boolean;
};

/** A pod's status changes while we patch it; each attempt reads it anew. */
const PATCH_ATTEMPTS_MAX = 5;

export function runAction(response: Response, options: ActionOptions): Promise<ActionOutcome> {
  switch (response.action) {
    case 'kill':
      return kill(response, options);
    case 'isolate':
      return isolate(response, options);
    case 'label':
      return setLabel(response, SUSPECT_LABEL, options);
    case 'release':
      return release(response, options);
  }
}

const refOf = ({ target }: Response): PodRef => ({
  namespace: target.namespace,
  name: target.pod,
});

type Found =
  | { readonly ok: true; readonly pod: PodView }
  | { readonly ok: false; readonly outcome: ActionOutcome };

async function find(response: Response, kube: Kube): Promise<Found> {
  const read = await kube.readPod(refOf(response));
  if (!read.ok) return { ok: false, outcome: kubeFailed(read) };
  if (read.value.uid !== response.target.podUid) {
    return {
      ok: false,
      outcome: skipped('pod-replaced', `the name now belongs to pod ${read.value.uid}`),
    };
  }
  return { ok: true, pod: read.value };
}

async function kill(response: Response, options: ActionOptions): Promise<ActionOutcome> {
  const { kube, dryRun, isAgain } = options;
  const { podUid } = response.target;
  const before = await find(response, kube);
  if (!before.ok) return killedBefore(before.outcome, isAgain);
  if (before.pod.isDeleting && response.graceSeconds > 0) {
    return { kind: 'pending', detail: 'the pod is ending' };
  }
  const deleted = await kube.deletePod(refOf(response), {
    uid: podUid,
    graceSeconds: response.graceSeconds,
    dryRun,
  });
  if (!deleted.ok) {
    if (deleted.reason === 'conflict') return skipped('pod-replaced', deleted.message);
    return killedBefore(kubeFailed(deleted), isAgain);
  }
  if (dryRun) return done('the API server would delete the pod');
  const after = await find(response, kube);
  if (after.ok) return { kind: 'pending', detail: 'the pod is ending' };
  return after.outcome.kind === 'skipped' ? done('the pod is gone') : after.outcome;
}

/** After a crash in mid-kill a pod that is gone is our work, not a pod we came too late for. */
function killedBefore(outcome: ActionOutcome, isAgain: boolean): ActionOutcome {
  return isAgain && outcome.kind === 'skipped' ? done('the pod is gone') : outcome;
}

async function isolate(response: Response, options: ActionOptions): Promise<ActionOutcome> {
  const { kube, dryRun } = options;
  const found = await find(response, kube);
  if (!found.ok) return found.outcome;
  if (found.pod.isHostNetwork) {
    return skipped('host-network', 'network policies do not reach a pod on the host network');
  }
  // The policy first: with the label last, the pod is cut off the moment it is set.
  const policy = await ensurePolicy(response.target.namespace, options);
  if (policy !== undefined) return policy;
  const labelled = await setLabel(response, ISOLATED_LABEL, options);
  if (labelled.kind !== 'done') return labelled;
  const warnings = await findLeaks(response, found.pod, kube);
  return done(dryRun ? 'the pod would be isolated' : 'the pod is isolated', warnings);
}

async function ensurePolicy(
  namespace: string,
  { kube, dryRun }: ActionOptions,
): Promise<ActionOutcome | undefined> {
  const ref = { namespace, name: POLICY_NAME };
  let policy = await kube.getNetworkPolicy(ref);
  if (!policy.ok && policy.reason === 'not-found') {
    policy = await kube.createNetworkPolicy({
      ...ref,
      labels: POLICY_LABELS,
      matchLabels: { [ISOLATED_LABEL]: LABEL_VALUE },
    }, { dryRun });
    // Another collector made it in between: then it is looked at like any that was there.
    if (!policy.ok && policy.reason === 'conflict') policy = await kube.getNetworkPolicy(ref);
  }
  if (!policy.ok) return kubeFailed(policy);
  if (isIsolationPolicy(policy.value)) return undefined;
  return {
    kind: 'failed',
    reason: 'foreign-policy',
    detail: `network policy ${POLICY_NAME} is not as Lanner makes it, and is left alone`,
  };
}

async function findLeaks(
  response: Response,
  pod: PodView,
  kube: Kube,
): Promise<readonly string[]> {
  const { namespace } = response.target;
  const policies = await kube.listNetworkPolicies(namespace);
  if (!policies.ok) return [`other network policies could not be looked at: ${policies.message}`];
  const labels = { ...pod.labels, [ISOLATED_LABEL]: LABEL_VALUE };
  return policies.value
    .filter((policy) => policy.name !== POLICY_NAME && allowsTraffic(policy, labels))
    .slice(0, WARNINGS_MAX)
    .map(({ name }) => `network policy ${name} selects this pod too and still allows traffic`);
}

const WARNINGS_MAX = 20;

async function setLabel(
  response: Response,
  label: string,
  { kube, dryRun }: ActionOptions,
): Promise<ActionOutcome> {
  for (let attempt = 0; attempt < PATCH_ATTEMPTS_MAX; attempt += 1) {
    const found = await find(response, kube);
    if (!found.ok) return found.outcome;
    const { pod } = found;
    if (pod.labels?.[label] === LABEL_VALUE) return done(`the pod has the label ${label}`);
    const patched = await kube.patchPod(refOf(response), [
      ...guards(pod),
      ...pod.labels === null
        ? [{ op: 'add' as const, path: '/metadata/labels', value: {} }]
        : [],
      { op: 'add', path: labelPath(label), value: LABEL_VALUE },
    ], { dryRun });
    if (patched.ok) {
      return patched.value.labels?.[label] === LABEL_VALUE
        ? done(`the pod has the label ${label}`)
        : { kind: 'failed', reason: 'not-verified', detail: `the label ${label} did not stay` };
    }
    if (patched.reason !== 'conflict') return kubeFailed(patched);
  }
  return changing();
}

/** The uid: no other pod. The version: nobody removed the labels since we looked at them. */
const guards = (pod: PodView): readonly PatchOperation[] => [
  { op: 'test', path: '/metadata/uid', value: pod.uid },
  { op: 'test', path: '/metadata/resourceVersion', value: pod.resourceVersion },
];

const changing = (): ActionOutcome => ({
  kind: 'failed',
  reason: 'unavailable',
  detail: 'the pod changed during every attempt',
  retryAfterMs: 1_000,
});

/**
 * Takes Lanner's labels off. The network policy stays: it selects nothing without the label, and
 * deleting it would race with the next isolation.
 */
async function release(response: Response, options: ActionOptions): Promise<ActionOutcome> {
  const { kube, dryRun, isAgain } = options;
  for (let attempt = 0; attempt < PATCH_ATTEMPTS_MAX; attempt += 1) {
    const found = await find(response, kube);
    if (!found.ok) return found.outcome;
    const { pod } = found;
    const ours = [ISOLATED_LABEL, SUSPECT_LABEL]
      .filter((label) => Object.hasOwn(pod.labels ?? {}, label));
    if (ours.length === 0) {
      return isAgain
        ? done('the pod is released')
        : skipped('not-isolated', 'the pod bears no label of Lanner');
    }
    const patched = await kube.patchPod(refOf(response), [
      ...guards(pod),
      ...ours.map((label) => ({ op: 'remove' as const, path: labelPath(label) })),
    ], { dryRun });
    if (patched.ok) return done(dryRun ? 'the pod would be released' : 'the pod is released');
    if (patched.reason !== 'conflict') return kubeFailed(patched);
  }
  return changing();
}
