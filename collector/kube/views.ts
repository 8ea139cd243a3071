import type * as Client from '@kubernetes/client-node';

import type {
  ContainerView,
  ControllerKind,
  ControllerView,
  EventView,
  LabelSelector,
  NetworkPolicySpec,
  NetworkPolicyView,
  NodeView,
  OwnerView,
  PodRef,
  PodView,
  ServiceView,
  TokenReviewView,
} from './kube.ts';

/** From the library's objects to ours: what is missing becomes empty, zero or null here alone. */

/** The label that every namespace bears and nobody can forge: the API server sets it. */
const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

const refOf = (metadata: Client.V1ObjectMeta | undefined): PodRef => ({
  namespace: metadata?.namespace ?? '',
  name: metadata?.name ?? '',
});

function ownerView(metadata: Client.V1ObjectMeta | undefined): OwnerView | null {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return null;
  const { apiVersion, kind, name, uid } = owner;
  return { apiVersion, kind, name, uid };
}

export function podView({ metadata, spec, status }: Client.V1Pod): PodView {
  return {
    ...refOf(metadata),
    uid: metadata?.uid ?? '',
    resourceVersion: metadata?.resourceVersion ?? '',
    labels: metadata?.labels ?? null,
    annotations: metadata?.annotations ?? null,
    owner: ownerView(metadata),
    phase: status?.phase ?? '',
    isReady: (status?.conditions ?? [])
      .some((condition) => condition.type === 'Ready' && condition.status === 'True'),
    nodeName: spec?.nodeName ?? '',
    serviceAccount: spec?.serviceAccountName ?? '',
    containers: [
      ...containerViews('init', spec?.initContainers, status?.initContainerStatuses),
      ...containerViews('container', spec?.containers, status?.containerStatuses),
      ...containerViews('ephemeral', spec?.ephemeralContainers, status?.ephemeralContainerStatuses),
    ],
    finalizers: metadata?.finalizers ?? [],
    isDeleting: metadata?.deletionTimestamp !== undefined,
    isHostNetwork: spec?.hostNetwork === true,
  };
}

function containerViews(
  kind: ContainerView['kind'],
  containers: readonly { readonly name: string }[] = [],
  statuses: readonly Client.V1ContainerStatus[] = [],
): readonly ContainerView[] {
  return containers.map(({ name }) => ({
    name,
    kind,
    restarts: statuses.find((status) => status.name === name)?.restartCount ?? 0,
  }));
}

function selectorView(selector: Client.V1LabelSelector | undefined): LabelSelector {
  return {
    matchLabels: selector?.matchLabels ?? {},
    matchExpressions: (selector?.matchExpressions ?? []).map(({ key, operator, values }) => ({
      key,
      operator,
      values: values ?? [],
    })),
  };
}

type Controller =
  | { readonly kind: 'ReplicaSet'; readonly object: Client.V1ReplicaSet }
  | { readonly kind: 'Deployment'; readonly object: Client.V1Deployment }
  | { readonly kind: 'StatefulSet'; readonly object: Client.V1StatefulSet }
  | { readonly kind: 'DaemonSet'; readonly object: Client.V1DaemonSet }
  | { readonly kind: 'Job'; readonly object: Client.V1Job };

export function controllerView(controller: Controller): ControllerView {
  const { kind, object: { metadata, spec } } = controller;
  return {
    ...refOf(metadata),
    kind: kind satisfies ControllerKind,
    uid: metadata?.uid ?? '',
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations ?? {},
    selector: spec?.selector === undefined ? null : selectorView(spec.selector),
    owner: ownerView(metadata),
    ...replicaCounts(controller),
  };
}

type Counts = Pick<ControllerView, 'desired' | 'ready' | 'available' | 'isObserved'>;

function replicaCounts(controller: Controller): Counts {
  const { kind, object } = controller;
  if (kind === 'Job') {
    const ready = object.status?.ready ?? 0;
    // A Job reports no generation.
    return { desired: object.spec?.parallelism ?? 1, ready, available: ready, isObserved: true };
  }
  const observed = object.status?.observedGeneration ?? 0;
  const isObserved = observed >= (object.metadata?.generation ?? 0);
  if (kind === 'DaemonSet') {
    return {
      desired: object.status?.desiredNumberScheduled ?? 0,
      ready: object.status?.numberReady ?? 0,
      available: object.status?.numberAvailable ?? 0,
      isObserved,
    };
  }
  return {
    desired: object.spec?.replicas ?? 1,
    ready: object.status?.readyReplicas ?? 0,
    available: object.status?.availableReplicas ?? 0,
    isObserved,
  };
}

export function serviceView({ metadata, spec }: Client.V1Service): ServiceView {
  const selector = spec?.selector ?? {};
  const isSelecting = spec?.type !== 'ExternalName' && Object.keys(selector).length > 0;
  return {
    ...refOf(metadata),
    uid: metadata?.uid ?? '',
    type: spec?.type ?? '',
    selector: isSelecting ? selector : null,
  };
}

export function nodeView({ metadata, spec }: Client.V1Node): NodeView {
  return {
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    resourceVersion: metadata?.resourceVersion ?? '',
    labels: metadata?.labels ?? null,
    annotations: metadata?.annotations ?? null,
    isUnschedulable: spec?.unschedulable === true,
  };
}

export function eventView(event: Client.CoreV1Event): EventView {
  const { type, reason, message, count, series, firstTimestamp, lastTimestamp, eventTime } = event;
  const first = firstTimestamp ?? eventTime;
  const last = series?.lastObservedTime ?? lastTimestamp ?? first;
  return {
    type: type ?? '',
    reason: reason ?? '',
    message: message ?? '',
    count: series?.count ?? count ?? 1,
    firstAt: timeText(first),
    lastAt: timeText(last),
    source: event.reportingComponent || (event.source?.component ?? ''),
  };
}

const timeText = (time: Date | undefined): string =>
  time === undefined || Number.isNaN(time.getTime()) ? '' : time.toISOString();

export function policyView({ metadata, spec }: Client.V1NetworkPolicy): NetworkPolicyView {
  const ingress = spec?.ingress ?? [];
  const egress = spec?.egress ?? [];
  return {
    ...refOf(metadata),
    uid: metadata?.uid ?? '',
    labels: metadata?.labels ?? {},
    selector: selectorView(spec?.podSelector),
    policyTypes: spec?.policyTypes ?? [],
    ingressRules: ingress.length,
    egressRules: egress.length,
    allowNamespaces: allowedNamespaces(ingress, egress),
  };
}

/** The inverse of `policyRules`; null for anything that it does not make. */
function allowedNamespaces(
  ingress: readonly Client.V1NetworkPolicyIngressRule[],
  egress: readonly Client.V1NetworkPolicyEgressRule[],
): readonly string[] | null {
  const peers = [
    ingress.flatMap((rule) => rule._from ?? []),
    egress.flatMap((rule) => rule.to ?? []),
  ].map((side) => side.map(({ namespaceSelector }) =>
    namespaceSelector?.matchLabels?.[NAMESPACE_NAME_LABEL] ?? ''));
  const names = peers[0] ?? [];
  const made = policyRules(names);
  const isSame = JSON.stringify(canonical({ ingress, egress })) === JSON.stringify(canonical(made));
  return isSame ? names : null;
}

/** Keys in order, nothing undefined: the library fills what the server left out. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, canonical(inner)]));
}

type Rules = {
  ingress: Client.V1NetworkPolicyIngressRule[];
  egress: Client.V1NetworkPolicyEgressRule[];
};

function policyRules(namespaces: readonly string[]): Rules {
  if (namespaces.length === 0) return { ingress: [], egress: [] };
  const peers = () => namespaces.map((name) => ({
    namespaceSelector: { matchLabels: { [NAMESPACE_NAME_LABEL]: name } },
  }));
  return { ingress: [{ _from: peers() }], egress: [{ to: peers() }] };
}

export function policyBody(policy: NetworkPolicySpec): Client.V1NetworkPolicy {
  const { namespace, name, labels, matchLabels, allowNamespaces = [] } = policy;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels: { ...labels } },
    spec: {
      podSelector: { matchLabels: { ...matchLabels } },
      policyTypes: ['Ingress', 'Egress'],
      ...policyRules(allowNamespaces),
    },
  };
}

export function tokenReviewView({ status }: Client.V1TokenReview): TokenReviewView {
  const user = status?.user;
  return {
    isAuthenticated: status?.authenticated === true,
    username: user?.username ?? '',
    uid: user?.uid ?? '',
    groups: user?.groups ?? [],
    extra: new Map(Object.entries(user?.extra ?? {})),
    audiences: status?.audiences ?? [],
    error: status?.error ?? '',
  };
}
