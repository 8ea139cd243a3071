/**
 * Kubernetes' objects as far as Lanner looks at them. Every text in here was written by whoever may
 * write to the cluster: it is data, never a reason to trust.
 */

/** A namespaced object's name. */
export type PodRef = { readonly namespace: string; readonly name: string };

type Labels = Readonly<Record<string, string>>;

/** The one owner whose `controller` is true. */
export type OwnerView = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
};

export type PodView = PodRef & {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Null when the pod has no labels at all: then there is no map to add one to. */
  readonly labels: Labels | null;
  /** Null when there are none, as with labels. */
  readonly annotations: Labels | null;
  readonly owner: OwnerView | null;
  /** `Pending`, `Running`, `Succeeded`, `Failed`; empty before the first status. */
  readonly phase: string;
  readonly isReady: boolean;
  /** Empty before the pod is scheduled. */
  readonly nodeName: string;
  readonly serviceAccount: string;
  readonly containers: readonly ContainerView[];
  readonly finalizers: readonly string[];
  readonly isDeleting: boolean;
  readonly isHostNetwork: boolean;
};

export type ContainerView = {
  readonly name: string;
  readonly kind: 'init' | 'container' | 'ephemeral';
  readonly restarts: number;
};

export type LabelSelector = {
  readonly matchLabels: Labels;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
};

/** What may own pods (or own what owns them) and says how many of them there should be. */
export const controllerKinds = [
  'ReplicaSet',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'Job',
] as const;
export type ControllerKind = typeof controllerKinds[number];

export const isControllerKind = (kind: string): kind is ControllerKind =>
  (controllerKinds as readonly string[]).includes(kind);

export type ControllerRef = PodRef & { readonly kind: ControllerKind };

export type ControllerView = ControllerRef & {
  readonly uid: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Null when the object has none: then it is not known which pods are its. */
  readonly selector: LabelSelector | null;
  readonly owner: OwnerView | null;
  /** How many pods there should be; of a DaemonSet as many as nodes want one. */
  readonly desired: number;
  readonly ready: number;
  /** Ready for at least `minReadySeconds`; of a Job the same as ready. */
  readonly available: number;
  /** False while the controller has not looked at the newest spec: its numbers are old. */
  readonly isObserved: boolean;
};

/** What has a `scale` subresource and a controller that obeys it. */
export type ScalableRef = PodRef & {
  readonly kind: 'Deployment' | 'StatefulSet';
};

export type ServiceView = PodRef & {
  readonly uid: string;
  readonly type: string;
  /** Null when the service selects no pods (ExternalName, or endpoints made by hand). */
  readonly selector: Labels | null;
};

export type NodeView = {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Labels | null;
  readonly annotations: Labels | null;
  readonly isUnschedulable: boolean;
};

export type EventView = {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  /** RFC 3339; empty when the event has none. */
  readonly firstAt: string;
  readonly lastAt: string;
  readonly source: string;
};

export type PodLog = {
  readonly text: string;
  /** There was as much as was asked for; more may exist. */
  readonly isFull: boolean;
};

export type NetworkPolicyView = PodRef & {
  readonly uid: string;
  readonly labels: Labels;
  readonly selector: LabelSelector;
  readonly policyTypes: readonly string[];
  readonly ingressRules: number;
  readonly egressRules: number;
  /**
   * The namespaces that traffic is allowed from and to, when the rules say nothing else than
   * `NetworkPolicySpec.allowNamespaces` does; null when they allow anything of another form.
   */
  readonly allowNamespaces: readonly string[] | null;
};

export type NetworkPolicySpec = PodRef & {
  readonly labels: Labels;
  readonly matchLabels: Labels;
  /** Traffic both ways with the pods of these namespaces stays; none when absent. */
  readonly allowNamespaces?: readonly string[];
};

/** What the API server says about a bearer token that somebody showed us. */
export type TokenReviewView = {
  readonly isAuthenticated: boolean;
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  /** E.g. `authentication.kubernetes.io/node-name` of a token that is bound to a pod. */
  readonly extra: ReadonlyMap<string, readonly string[]>;
  /** Those of the asked for audiences that the token is for. */
  readonly audiences: readonly string[];
  /** Why it is not authenticated, in the API server's words. */
  readonly error: string;
};
