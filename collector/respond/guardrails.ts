import type { ControllerView, Kube, PodView } from '../kube/kube.ts';
import { isProtected, protectingLabel } from '../policy/decide.ts';
import type { Policy, PolicyLimits } from '../policy/policy.ts';
import { findPod } from './action.ts';
import { actions } from './actions/all.ts';
import { HEALTH_SETTLE_MS, unhealthyWithout } from './health.ts';
import { killLoop } from './kill-loop.ts';
import { skipped } from './outcome.ts';
import type { ActionOutcome } from './outcome.ts';
import { readOwners } from './owners.ts';
import type { Response, ResponseAction } from './response.ts';
import type { ResponseScope, ResponseStore } from './response-store.ts';

/**
 * What stands between an approval and the cluster. Asked for every containment right before it
 * begins, in a row with all others, so that two cannot both find room for one; and in every dry
 * run. Nothing here can be set aside by a person but the last healthy replica (`acceptsOutage`).
 */
export type GuardOptions = {
  readonly kube: Kube;
  readonly store: ResponseStore;
  readonly policy: Policy;
  readonly nowMs: number;
};

export type Guarded =
  | {
    readonly ok: true;
    /** As the controller names it: what the limits and the kill loop count by. */
    readonly workload: string;
    readonly node: string;
    readonly pod: PodView;
  }
  | { readonly ok: false; readonly outcome: ActionOutcome };

/** Of one workload, newest first: more than any limit lets through in the time that counts. */
const EXECUTED_READ_MAX = 200;

type Facts = {
  readonly pod: PodView;
  readonly controllers: readonly ControllerView[];
  readonly unknownOwner: string;
  readonly scope: Scope;
};

/** Without the cluster: one collector acts on one, and whoever names it wrongly is counted too. */
type Scope = Required<Omit<ResponseScope, 'cluster'>>;

const refuse = (...parameters: Parameters<typeof skipped>): Guarded =>
  ({ ok: false, outcome: skipped(...parameters) });

export async function guard(response: Response, options: GuardOptions): Promise<Guarded> {
  const { policy, kube } = options;
  const early = refusedByPolicy(response.action, response.target.namespace, policy);
  if (early !== undefined) return { ok: false, outcome: early };
  const found = await findPod(response, kube);
  if (!found.ok) return found;
  const { pod } = found;
  const label = protectingLabel(policy, pod.labels ?? {});
  if (label !== undefined) {
    return refuse('protected-label', `the policy protects pods with the label ${label}`);
  }
  const owners = await readOwners(kube, pod);
  if (!owners.ok) return owners;
  const { controllers, unknown } = owners;
  const kind = protectedKind(pod, controllers, policy);
  if (kind !== undefined) {
    return refuse('protected-kind', `the policy protects pods of ${kind}`);
  }
  const { target } = response;
  const facts: Facts = {
    pod,
    controllers,
    unknownOwner: unknown,
    scope: {
      namespace: target.namespace,
      workload: controllers.at(-1)?.name || pod.owner?.name || target.workload || pod.name,
      node: pod.nodeName || target.node,
    },
  };
  return await refusedByHistory(response, facts, options) ??
    { ok: true, workload: facts.scope.workload, node: facts.scope.node, pod };
}

/** Names repeat in every cluster: a call for this pod could meet another one's. */
export const ofOtherCluster = (cluster: string): Extract<ActionOutcome, { kind: 'skipped' }> =>
  skipped('other-cluster', `the collector acts in another cluster than ${cluster || 'unknown'}`);

/** What needs no cluster to say no. */
export function refusedByPolicy(
  action: ResponseAction,
  namespace: string,
  policy: Policy,
): Extract<ActionOutcome, { kind: 'skipped' }> | undefined {
  if (isProtected(policy, namespace)) {
    return skipped('protected-namespace', `namespace ${namespace} is protected by the policy`);
  }
  if (action === 'scale-to-zero' && !policy.scaleToZero) {
    return skipped('not-enabled', 'the policy does not allow scale-to-zero (scaleToZero: true)');
  }
  if (action === 'cordon' && !policy.cordon) {
    return skipped('not-enabled', 'the policy does not allow cordon (cordon: true)');
  }
  return undefined;
}

function protectedKind(
  pod: PodView,
  controllers: readonly ControllerView[],
  { protectedKinds }: Policy,
): string | undefined {
  const kinds = [pod.owner?.kind, ...controllers.map(({ kind }) => kind)];
  return protectedKinds.find((kind) => kinds.includes(kind));
}

async function refusedByHistory(
  response: Response,
  facts: Facts,
  options: GuardOptions,
): Promise<Guarded | undefined> {
  const { store, policy, nowMs } = options;
  const { scope } = facts;
  const { node: _, ...workload } = scope;
  if (response.action === 'kill') {
    const sinceMs = nowMs - policy.killLoop.windowSeconds * 1_000;
    const executed = await store.executedSince(workload, sinceMs, EXECUTED_READ_MAX);
    const loop = killLoop(response, executed, policy);
    if (loop !== undefined) return refuse('kill-loop', loop);
  }
  const unhealthy = await refusedByHealth(response, facts, options);
  if (unhealthy !== undefined) return refuse('min-healthy', unhealthy);
  // A response that has begun once is counted already.
  if (response.executedAtMs > 0) return undefined;
  const full = await fullLimit(response, scope, options);
  return full === undefined ? undefined : refuse('budget', full);
}

async function refusedByHealth(
  response: Response,
  { pod, controllers, unknownOwner, scope }: Facts,
  options: GuardOptions,
): Promise<string | undefined> {
  if (!actions[response.action].isDisruptive || response.terms.acceptsOutage) return undefined;
  const { node: _, ...workload } = scope;
  return unhealthyWithout({
    pod,
    controller: controllers.at(-1),
    unknownOwner,
    takenPods: await countTaken(workload, pod.uid, options),
    minHealthyPercent: options.policy.minHealthyPercent,
  });
}

/** Other pods of the workload that we took out of work and that its status may count as ready. */
async function countTaken(
  workload: ResponseScope,
  exceptUid: string,
  { kube, store, nowMs }: GuardOptions,
): Promise<number> {
  const settledMs = nowMs - HEALTH_SETTLE_MS;
  const taken = new Set<string>();
  for (const other of await store.executedSince(workload, 0, EXECUTED_READ_MAX)) {
    const { action, target, state } = other;
    if (target.podUid === exceptUid || !actions[action].isDisruptive) continue;
    if (other.executedAtMs >= settledMs) taken.add(target.podUid);
    // Without a readiness probe a frozen pod is ready for as long as it stays frozen.
    else if (action === 'freeze' && state !== 'reversed' && state !== 'not-executed') {
      const found = await findPod(other, kube);
      if (found.ok && found.pod.isReady) taken.add(target.podUid);
    }
  }
  return taken.size;
}

/** Each limit with what it counts over; the rule's own where it is the stricter. */
async function fullLimit(
  response: Response,
  { namespace, workload, node }: Scope,
  { store, policy, nowMs }: GuardOptions,
): Promise<string | undefined> {
  const { windowSeconds } = policy.limits;
  const sinceMs = nowMs - windowSeconds * 1_000;
  const limits = limitsOf(policy, response.rule);
  const scopes: readonly (readonly [string, number, ResponseScope])[] = [
    ['workload', limits.perWorkload, { namespace, workload }],
    ['namespace', limits.perNamespace, { namespace }],
    ['node', limits.perNode, { node }],
    ['cluster', limits.perCluster, {}],
  ];
  // Asked together: on a busy store each question waits for what others have asked before it.
  const asked = scopes.filter(([name]) => name !== 'node' || node !== '');
  const counts = await Promise.all(asked.map(([, , scope]) =>
    store.countExecuted(scope, sinceMs)));
  const full = asked.find(([, max], index) => (counts[index] ?? 0) >= max);
  if (full === undefined) return undefined;
  const [name, max] = full;
  return `${max} actions in ${windowSeconds} s on this ${name} are the limit`;
}

function limitsOf({ limits, rules }: Policy, ruleName: string): PolicyLimits {
  const own = rules.find(({ name }) => name === ruleName)?.limits ?? {};
  const least = (key: keyof PolicyLimits): number => Math.min(limits[key], own[key] ?? Infinity);
  return {
    perWorkload: least('perWorkload'),
    perNamespace: least('perNamespace'),
    perNode: least('perNode'),
    perCluster: least('perCluster'),
  };
}
