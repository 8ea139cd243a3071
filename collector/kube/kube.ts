/**
 * What Lanner asks of a Kubernetes API server, and nothing more: the shipped ClusterRole is exactly
 * this list. Every call has its own deadline and every expected outcome is a value.
 *
 * | call                    | API group, resource                   | verb   |
 * | ----------------------- | ------------------------------------- | ------ |
 * | readPod                 | core, pods                            | get    |
 * | deletePod               | core, pods                            | delete |
 * | patchPod                | core, pods                            | patch  |
 * | getNetworkPolicy        | networking.k8s.io, networkpolicies    | get    |
 * | createNetworkPolicy     | networking.k8s.io, networkpolicies    | create |
 * | listNetworkPolicies     | networking.k8s.io, networkpolicies    | list   |
 */
export type Kube = {
  readPod(ref: PodRef): Promise<KubeOutcome<PodView>>;
  /** Deletes only the pod of that uid: `conflict` when the name now belongs to another. */
  deletePod(ref: PodRef, options: DeletePodOptions): Promise<KubeOutcome<null>>;
  /** `conflict` when a `test` operation of the patch does not hold. */
  patchPod(
    ref: PodRef,
    patch: readonly PatchOperation[],
    options: { readonly dryRun: boolean },
  ): Promise<KubeOutcome<PodView>>;
  getNetworkPolicy(ref: PodRef): Promise<KubeOutcome<NetworkPolicyView>>;
  /** `conflict` when one of that name exists. */
  createNetworkPolicy(
    policy: NetworkPolicySpec,
    options: { readonly dryRun: boolean },
  ): Promise<KubeOutcome<NetworkPolicyView>>;
  listNetworkPolicies(namespace: string): Promise<KubeOutcome<readonly NetworkPolicyView[]>>;
  close(): Promise<void>;
};

/** A namespaced object's name; for pods and network policies alike. */
export type PodRef = { readonly namespace: string; readonly name: string };

export type DeletePodOptions = {
  readonly uid: string;
  readonly graceSeconds: number;
  readonly dryRun: boolean;
};

export type PatchOperation =
  | { readonly op: 'test' | 'add'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

export type PodView = PodRef & {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Null when the pod has no labels at all: then there is no map to add one to. */
  readonly labels: Readonly<Record<string, string>> | null;
  readonly isDeleting: boolean;
  readonly isHostNetwork: boolean;
};

export type LabelSelector = {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
};

export type NetworkPolicyView = PodRef & {
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly selector: LabelSelector;
  readonly policyTypes: readonly string[];
  readonly ingressRules: number;
  readonly egressRules: number;
};

export type NetworkPolicySpec = PodRef & {
  readonly labels: Readonly<Record<string, string>>;
  readonly matchLabels: Readonly<Record<string, string>>;
};

export type KubeFailureReason =
  | 'not-found'
  | 'conflict'
  | 'forbidden'
  | 'too-many-requests'
  | 'unavailable'
  | 'invalid';

export type KubeFailure = {
  readonly ok: false;
  readonly reason: KubeFailureReason;
  /** How long the API server asks to wait; 0 when it does not say. */
  readonly retryAfterMs: number;
  readonly message: string;
};

export type KubeOutcome<T> = { readonly ok: true; readonly value: T } | KubeFailure;
