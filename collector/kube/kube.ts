import type { ClusterObjects } from './cluster-objects.ts';
import type {
  ControllerRef,
  ControllerView,
  EventView,
  NetworkPolicySpec,
  NetworkPolicyView,
  NodeView,
  PodLog,
  PodRef,
  PodView,
  ScalableRef,
  ServiceView,
  TokenReviewView,
} from './objects.ts';

export type * from './objects.ts';

/**
 * What Lanner asks of a Kubernetes API server, and nothing more: deploy/rbac/collector.yaml is
 * exactly this list, and `npm run test:kube` takes its rules away one by one to see each missed.
 * Every call has its own deadline and a bound on the answer; every expected outcome is a value.
 *
 * | call                 | API group, resource                       | verb   | ClusterRole      |
 * | -------------------- | ----------------------------------------- | ------ | ---------------- |
 * | readPod, …Manifest   | core, pods                                | get    | lanner-collector |
 * | deletePod            | core, pods                                | delete | lanner-collector |
 * | patchPod             | core, pods                                | patch  | lanner-collector |
 * | listPodEvents        | core, events                              | list   | lanner-collector |
 * | listServices         | core, services                            | list   | lanner-collector |
 * | readController       | apps, replicasets, deployments,           | get    | lanner-collector |
 * |                      |   statefulsets, daemonsets; batch, jobs   |        |                  |
 * | getNetworkPolicy     | networking.k8s.io, networkpolicies        | get    | lanner-collector |
 * | createNetworkPolicy  | networking.k8s.io, networkpolicies        | create | lanner-collector |
 * | listNetworkPolicies  | networking.k8s.io, networkpolicies        | list   | lanner-collector |
 * | reviewToken          | authentication.k8s.io, tokenreviews       | create | lanner-collector |
 * | readPodLog           | core, pods/log                            | get    | …-logs           |
 * | readNode             | core, nodes                               | get    | …-cordon         |
 * | patchNode            | core, nodes                               | patch  | …-cordon         |
 * | setReplicas          | apps, deployments/scale,                  | patch  | …-scale          |
 * |                      |   statefulsets/scale                      |        |                  |
 * | listObjects          | core, pods, services, nodes, namespaces;  | list   | …-objects        |
 * |                      |   discovery.k8s.io, endpointslices        |        |                  |
 */
export type Kube = {
  readPod(ref: PodRef): Promise<KubeOutcome<PodView>>;
  /** The pod as JSON, for evidence; without `managedFields`, which are most of it. */
  readPodManifest(ref: PodRef): Promise<KubeOutcome<string>>;
  /** Deletes only the pod of that uid: `conflict` when the name now belongs to another. */
  deletePod(ref: PodRef, options: DeletePodOptions): Promise<KubeOutcome<null>>;
  /** `conflict` when a `test` operation of the patch does not hold. */
  patchPod(
    ref: PodRef,
    patch: readonly PatchOperation[],
    options: { readonly dryRun: boolean },
  ): Promise<KubeOutcome<PodView>>;
  /** `invalid` when the container has no such log (nothing ran before, with `previous`). */
  readPodLog(ref: PodRef, options: PodLogOptions): Promise<KubeOutcome<PodLog>>;
  /** What the cluster noted about the pod of that uid, at most `EVENTS_MAX`. */
  listPodEvents(ref: PodRef & { readonly uid: string }): Promise<KubeOutcome<readonly EventView[]>>;
  readController(ref: ControllerRef): Promise<KubeOutcome<ControllerView>>;
  /**
   * `conflict` when the object is another one or no longer has `from` replicas. Only the number:
   * the right to patch the whole object would be the right to run any image, so whoever wants the
   * old number back keeps it elsewhere than in an annotation.
   */
  setReplicas(ref: ScalableRef, options: SetReplicasOptions): Promise<KubeOutcome<null>>;
  /** All of them, or `too-large`: half a list would detach a pod from half of its services. */
  listServices(namespace: string): Promise<KubeOutcome<readonly ServiceView[]>>;
  readNode(name: string): Promise<KubeOutcome<NodeView>>;
  /** `conflict` when a `test` operation of the patch does not hold. */
  patchNode(
    name: string,
    patch: readonly PatchOperation[],
    options: { readonly dryRun: boolean },
  ): Promise<KubeOutcome<NodeView>>;
  getNetworkPolicy(ref: PodRef): Promise<KubeOutcome<NetworkPolicyView>>;
  /** `conflict` when one of that name exists. */
  createNetworkPolicy(
    policy: NetworkPolicySpec,
    options: { readonly dryRun: boolean },
  ): Promise<KubeOutcome<NetworkPolicyView>>;
  /** All of them, or `too-large`. */
  listNetworkPolicies(namespace: string): Promise<KubeOutcome<readonly NetworkPolicyView[]>>;
  /** Who has which address in the whole cluster. All of it, or `too-large`. */
  listObjects(): Promise<KubeOutcome<ClusterObjects>>;
  /** Whose token it is. One that is false or expired is an answer, not a failure. */
  reviewToken(
    token: string,
    audiences: readonly string[],
  ): Promise<KubeOutcome<TokenReviewView>>;
  close(): Promise<void>;
};

export type DeletePodOptions = {
  readonly uid: string;
  readonly graceSeconds: number;
  readonly dryRun: boolean;
};

export type PatchOperation =
  | { readonly op: 'test' | 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

export type PodLogOptions = {
  readonly container: string;
  /** Of the container before its last restart. */
  readonly previous: boolean;
  readonly tailLines: number;
  readonly bytesMax: number;
};

export type SetReplicasOptions = {
  readonly uid: string;
  readonly from: number;
  readonly to: number;
  readonly dryRun: boolean;
};

export type KubeFailureReason =
  | 'not-found'
  | 'conflict'
  | 'forbidden'
  | 'too-many-requests'
  | 'unavailable'
  /** The answer is above what Lanner reads (`BODY_BYTES_MAX`, `ITEMS_MAX`). */
  | 'too-large'
  | 'invalid';

export type KubeFailure = {
  readonly ok: false;
  readonly reason: KubeFailureReason;
  /** How long the API server asks to wait; 0 when it does not say. */
  readonly retryAfterMs: number;
  readonly message: string;
};

export type KubeOutcome<T> = { readonly ok: true; readonly value: T } | KubeFailure;
