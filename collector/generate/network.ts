import { createHash } from 'node:crypto';

import type { AddressSpan } from '../kube/address-history.ts';
import type { ClusterObjects } from '../kube/cluster-objects.ts';
import { isComplete } from './learned.ts';
import type { Learned } from './learned.ts';
import { NetworkPlan, workloadRef } from './network-plan.ts';
import type { PlanOptions } from './network-plan.ts';
import type { NetworkPolicy } from './network-policy.ts';
import { workloadsOf } from './workloads.ts';
import type { Workload } from './workloads.ts';

/**
 * NetworkPolicies from what was learned: one per workload, and one that isolates the namespace,
 * which is written last and only when every workload got its own. Services become the pods behind
 * them, because policies see connections after the translation; what a client connects to opens the
 * server's side too. Whoever had an address when the profile saw it is meant, not whoever has it
 * now. What cannot be said is in `left`, with its reason.
 */
export const leftReasons = [
  'host-network',
  'no-stable-labels',
  'no-profile',
  'incomplete-channel',
  'unresolved-address',
  'unresolved-port',
  'unknown-caller',
  'failed-connection',
  'unknown-port',
  'unknown-protocol',
  'named-peer',
  'shared-labels',
  'bare-pod',
  'alarmed-pod',
  'isolation',
] as const;
export type LeftReason = (typeof leftReasons)[number];

export type Left = {
  readonly workload: string;
  readonly reason: LeftReason;
  readonly value: string;
};

export type Coverage = {
  readonly workload: string;
  readonly profile: string;
  readonly coverage: number;
  readonly isComplete: boolean;
};

export type NetworkResult = {
  readonly policies: readonly NetworkPolicy[];
  /** Apply it after the others have been there for a while; null when it was left out. */
  readonly isolation: NetworkPolicy | null;
  readonly left: readonly Left[];
  readonly coverage: readonly Coverage[];
};

export type NetworkOptions = {
  readonly namespace: string;
  /** Also of profiles whose `net` channel is still learned. */
  readonly isIncompleteTaken: boolean;
  /** Who had which address before. */
  readonly past?: readonly AddressSpan[];
  /** See `PlanOptions`; absent where there is one cluster alone. */
  readonly isReachedHere?: PlanOptions['isReachedHere'];
  /** Pods that nobody vouches for and that are not in the objects; see `unvouched-pods.ts`. */
  readonly unvouched?: readonly Left[];
};

export function networkPolicies(
  profiles: readonly Learned[],
  objects: ClusterObjects,
  { namespace, isIncompleteTaken, past = [], unvouched = [], isReachedHere = () => true }:
    NetworkOptions,
): NetworkResult {
  const workloads = workloadsOf(objects, profiles);
  const plan = new NetworkPlan(workloads, objects, { past, isReachedHere });
  const own = workloads.filter((workload) => workload.namespace === namespace);
  const policies: NetworkPolicy[] = [];
  for (const workload of own) {
    const obstacle = obstacleOf(workload, isIncompleteTaken);
    if (obstacle === undefined) policies.push(plan.policyOf(workload));
    else plan.leave(workload, obstacle.reason, obstacle.value);
  }
  // Pods on the host's network are no pods to a policy: they do not hold up the isolation.
  const isWhole = own.length > 0 && policies.length ===
    own.filter(({ isHostNetwork }) => !isHostNetwork).length &&
    !unvouched.some(({ workload, reason }) =>
      reason === 'bare-pod' && workload.startsWith(`${namespace}/`));
  const left = [...unvouched, ...plan.left];
  if (!isWhole) {
    left.push({ workload: namespace, reason: 'isolation',
      value: 'not every workload has a policy, and it would cut off those that have none' });
  }
  return {
    policies: withOwnNames(policies),
    isolation: isWhole ? isolationOf(namespace) : null,
    left: left.toSorted((a, b) => order(a.workload, b.workload) || order(a.value, b.value)),
    coverage: own.flatMap((workload) => workload.profiles.map((learned) => ({
      workload: workloadRef(workload),
      profile: learned.key,
      coverage: learned.coverage,
      isComplete: isComplete(learned, 'net'),
    }))),
  };
}

const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function obstacleOf(
  { labels, profiles, unknownImages, isHostNetwork }: Workload,
  isIncompleteTaken: boolean,
): { readonly reason: LeftReason; readonly value: string } | undefined {
  if (isHostNetwork) return { reason: 'host-network', value: 'policies do not reach such pods' };
  if (Object.keys(labels).length === 0) {
    return { reason: 'no-stable-labels', value: 'nothing selects its pods and no others' };
  }
  if (unknownImages.length > 0) return { reason: 'no-profile', value: unknownImages.join(', ') };
  const learning = profiles.filter((learned) => !isComplete(learned, 'net'));
  if (learning.length > 0 && !isIncompleteTaken) {
    return { reason: 'incomplete-channel', value: learning.map(({ key }) => key).join(', ') };
  }
  return undefined;
}

/**
 * A rollout that changes labels makes two workloads of one name; the second policy must not replace
 * the first one when they are applied.
 */
function withOwnNames(policies: readonly NetworkPolicy[]): readonly NetworkPolicy[] {
  const counts = new Map<string, number>();
  for (const { metadata: { name } } of policies) counts.set(name, (counts.get(name) ?? 0) + 1);
  return policies.map((policy) => {
    const { metadata, spec } = policy;
    if (counts.get(metadata.name) === 1) return policy;
    const hash = createHash('sha256').update(JSON.stringify(spec.podSelector)).digest('hex');
    return { ...policy, metadata: { ...metadata, name: `${metadata.name}-${hash.slice(0, 8)}` } };
  });
}

function isolationOf(namespace: string): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: 'learned-isolation',
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'lanner' },
      annotations: { 'lanner.dev/order': 'apply last' },
    },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  };
}
