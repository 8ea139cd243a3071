import { createHash } from 'node:crypto';

import type { Kube, NetworkPolicyView } from '../kube/kube.ts';
import { failed, kubeFailed } from './outcome.ts';
import type { ActionOutcome } from './outcome.ts';
import { ISOLATED_LABEL, selects } from './labels.ts';
import type { Labels } from './labels.ts';

/**
 * One network policy per namespace: it selects the quarantine label and denies both ways, but for
 * the forensics namespace where one is set. The label's value names what the policy allows, so that
 * another setting is another policy and none is ever changed: whoever looks at the pod sees which.
 * A policy of our name that is not exactly ours is left alone, and the next name is tried.
 */
const POLICY_LABELS = { 'app.kubernetes.io/managed-by': 'lanner' } as const;
const NAME = 'lanner-isolate-pods';
const NAMES_MAX = 4;
const WARNINGS_MAX = 20;

export type IsolationTerms = {
  readonly namespace: string;
  /** Empty for none. */
  readonly forensicsNamespace: string;
};

export function isolatedValue(forensicsNamespace: string): string {
  if (forensicsNamespace === '') return 'true';
  const digest = createHash('sha256').update(forensicsNamespace).digest('hex');
  return `but-${digest.slice(0, 10)}`;
}

/** The names in order; the later ones are for where somebody else has taken the earlier. */
export function policyNames(forensicsNamespace: string): readonly string[] {
  const value = isolatedValue(forensicsNamespace);
  const base = value === 'true' ? NAME : `${NAME}-${value}`;
  return Array.from({ length: NAMES_MAX }, (_, index) =>
    index === 0 ? base : `${base}-${index + 1}`);
}

/** Exactly the policy that Lanner makes for these terms. */
export function isIsolationPolicy(policy: NetworkPolicyView, terms: IsolationTerms): boolean {
  const { matchLabels, matchExpressions } = policy.selector;
  const { forensicsNamespace } = terms;
  const isClosed = forensicsNamespace === ''
    ? policy.ingressRules === 0 && policy.egressRules === 0
    : policy.allowNamespaces?.length === 1 && policy.allowNamespaces[0] === forensicsNamespace;
  return Object.entries(POLICY_LABELS).every(([key, value]) => policy.labels[key] === value) &&
    Object.keys(matchLabels).length === 1 &&
    matchLabels[ISOLATED_LABEL] === isolatedValue(forensicsNamespace) &&
    matchExpressions.length === 0 &&
    policy.policyTypes.includes('Ingress') &&
    policy.policyTypes.includes('Egress') &&
    isClosed;
}

/** Undefined when the policy is there. */
export async function ensurePolicy(
  kube: Kube,
  terms: IsolationTerms,
  { dryRun }: { readonly dryRun: boolean },
): Promise<ActionOutcome | undefined> {
  const { namespace, forensicsNamespace } = terms;
  const names = policyNames(forensicsNamespace);
  for (const name of names) {
    const ref = { namespace, name };
    let policy = await kube.getNetworkPolicy(ref);
    if (!policy.ok && policy.reason === 'not-found') {
      policy = await kube.createNetworkPolicy({
        ...ref,
        labels: POLICY_LABELS,
        matchLabels: { [ISOLATED_LABEL]: isolatedValue(forensicsNamespace) },
        ...(forensicsNamespace === '' ? {} : { allowNamespaces: [forensicsNamespace] }),
      }, { dryRun });
      // Another collector made it in between: then it is looked at like any that was there.
      if (!policy.ok && policy.reason === 'conflict') policy = await kube.getNetworkPolicy(ref);
    }
    if (!policy.ok) return kubeFailed(policy);
    if (isIsolationPolicy(policy.value, terms)) return undefined;
  }
  return failed(
    'foreign-policy',
    `the network policies ${names.join(', ')} are not as Lanner makes them, and are left alone`,
  );
}

/** Network policies add up: what another one allows, a deny-all one does not take away. */
export async function findLeaks(
  kube: Kube,
  labels: Labels,
  { namespace, forensicsNamespace }: IsolationTerms,
): Promise<readonly string[]> {
  const policies = await kube.listNetworkPolicies(namespace);
  if (!policies.ok) return [`other network policies could not be looked at: ${policies.message}`];
  const ours = new Set(policyNames(forensicsNamespace));
  return policies.value
    .filter((policy) =>
      !(ours.has(policy.name) && isIsolationPolicy(policy, { namespace, forensicsNamespace })) &&
      policy.ingressRules + policy.egressRules > 0 && selects(policy.selector, labels))
    .slice(0, WARNINGS_MAX)
    .map(({ name }) => `network policy ${name} selects this pod too and still allows traffic`);
}
