import type { LabelSelector, NetworkPolicyView } from '../kube/kube.ts';

export const ISOLATED_LABEL = 'lanner.dev/isolated';
export const SUSPECT_LABEL = 'lanner.dev/suspect';
export const LABEL_VALUE = 'true';

/** One policy per namespace; the name is ours, and what bears it without our label is not ours. */
export const POLICY_NAME = 'lanner-isolate-pods';
export const POLICY_LABELS = { 'app.kubernetes.io/managed-by': 'lanner' } as const;

/** As JSON pointer: `/` in a key is written `~1`. */
export const labelPath = (label: string): string =>
  `/metadata/labels/${label.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** Exactly the policy that isolate makes: denies both ways, and selects our label alone. */
export function isIsolationPolicy(policy: NetworkPolicyView): boolean {
  const { matchLabels, matchExpressions } = policy.selector;
  return isOurs(policy) &&
    Object.keys(matchLabels).length === 1 &&
    matchLabels[ISOLATED_LABEL] === LABEL_VALUE &&
    matchExpressions.length === 0 &&
    policy.policyTypes.includes('Ingress') &&
    policy.policyTypes.includes('Egress') &&
    policy.ingressRules === 0 &&
    policy.egressRules === 0;
}

const isOurs = (policy: NetworkPolicyView): boolean =>
  Object.entries(POLICY_LABELS).every(([key, value]) => policy.labels[key] === value);

/** Network policies add up: what another one allows, a deny-all one does not take away. */
export function allowsTraffic(
  policy: NetworkPolicyView,
  labels: Readonly<Record<string, string>>,
): boolean {
  return policy.ingressRules + policy.egressRules > 0 && selects(policy.selector, labels);
}

function selects(
  selector: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  const has = (key: string): boolean => Object.hasOwn(labels, key);
  return Object.entries(selector.matchLabels)
    .every(([key, value]) => has(key) && labels[key] === value) &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const isIn = has(key) && values.includes(labels[key] ?? '');
      if (operator === 'In') return isIn;
      if (operator === 'NotIn') return !isIn;
      if (operator === 'Exists') return has(key);
      // An operator that is newer than this code: a warning too many is the safe side.
      return operator === 'DoesNotExist' ? !has(key) : true;
    });
}
