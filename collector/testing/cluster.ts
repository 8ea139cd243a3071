import type {
  ContainerView,
  ControllerKind,
  ControllerView,
  Kube,
  KubeFailure,
  KubeFailureReason,
  KubeOutcome,
  LabelSelector,
  NetworkPolicyView,
  NodeView,
  PatchOperation,
  PodView,
  ServiceView,
} from '../kube/kube.ts';
import { ObjectReading } from '../kube/cluster-objects.ts';

/**
 * A cluster in memory behind the port that the responder uses: for what the HTTP double has no room
 * for, whole workloads with their controllers. uid preconditions, patches that are all or nothing,
 * dry runs, and `failNext` for what an API server may answer. The client itself is tested against
 * the HTTP double and a real API server.
 */
type Change<T> = { -readonly [K in keyof T]: T[K] };

export class Cluster implements Kube {
  readonly pods = new Map<string, Change<PodView>>();
  readonly controllers = new Map<string, Change<ControllerView>>();
  readonly services: ServiceView[] = [];
  readonly nodes = new Map<string, Change<NodeView>>();
  readonly policies = new Map<string, NetworkPolicyView>();
  readonly logs = new Map<string, string>();
  /** `verb kind/name`, those that change something; dry runs marked. */
  readonly changes: string[] = [];
  readonly reads: string[] = [];
  #version = 100;
  #failures: { reason: KubeFailureReason; on: RegExp; times: number; retryAfterMs: number }[] = [];
  /** Runs after each deletion: the controller's answer. */
  onDeleted: (pod: PodView) => void = () => undefined;

  addPod(name: string, over: Partial<PodView> = {}): PodView {
    const pod: PodView = {
      namespace: 'shop',
      name,
      uid: `uid-${name}`,
      resourceVersion: this.#next(),
      labels: { app: name },
      annotations: null,
      owner: null,
      phase: 'Running',
      isReady: true,
      nodeName: 'node-1',
      serviceAccount: 'default',
      containers: [{ name: 'main', kind: 'container', restarts: 0 }] satisfies ContainerView[],
      finalizers: [],
      isDeleting: false,
      isHostNetwork: false,
      ...over,
    };
    this.pods.set(`${pod.namespace}/${name}`, pod);
    return pod;
  }

  /** A Deployment with its ReplicaSet and pods `web-0` …, all ready. */
  addDeployment(name: string, replicas: number, namespace = 'shop'): void {
    const selector = select({ app: name, 'pod-template-hash': 'h1' });
    const set = `${name}-h1`;
    this.addController('Deployment', name, { namespace, desired: replicas, ready: replicas,
      selector: select({ app: name }) });
    this.addController('ReplicaSet', set, { namespace, desired: replicas, ready: replicas, selector,
      owner: { apiVersion: 'apps/v1', kind: 'Deployment', name, uid: `uid-Deployment-${name}` } });
    for (let index = 0; index < replicas; index += 1) this.addReplica(name, `${name}-${index}`,
      namespace);
  }

  addReplica(deployment: string, pod: string, namespace = 'shop'): PodView {
    const set = `${deployment}-h1`;
    return this.addPod(pod, {
      namespace,
      labels: { app: deployment, 'pod-template-hash': 'h1', team: 'pay' },
      owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: set, uid: `uid-ReplicaSet-${set}` },
    });
  }

  addController(kind: ControllerKind, name: string, over: Partial<ControllerView> = {}): void {
    const namespace = over.namespace ?? 'shop';
    this.controllers.set(`${kind} ${namespace}/${name}`, {
      namespace,
      kind,
      name,
      uid: `uid-${kind}-${name}`,
      labels: {},
      annotations: {},
      selector: select({ app: name }),
      owner: null,
      desired: 1,
      ready: 1,
      available: 1,
      isObserved: true,
      ...over,
    });
  }

  addService(name: string, selector: Record<string, string> | null): void {
    this.services.push({ namespace: 'shop', name, uid: `uid-${name}`, type: 'ClusterIP', selector });
  }

  addNode(name: string): void {
    this.nodes.set(name, { name, uid: `uid-${name}`, resourceVersion: this.#next(), labels: null,
      annotations: null, isUnschedulable: false });
  }

  failNext(reason: KubeFailureReason, on: RegExp, times = 1, retryAfterMs = 0): void {
    this.#failures.push({ reason, on, times, retryAfterMs });
  }

  controller(kind: ControllerKind, name: string): Change<ControllerView> {
    const found = this.controllers.get(`${kind} shop/${name}`);
    if (found === undefined) throw new Error(`no ${kind} ${name}`);
    return found;
  }

  pod(name: string): PodView | undefined {
    return this.pods.get(`shop/${name}`);
  }

  readPod: Kube['readPod'] = async ({ namespace, name }) =>
    this.#read(`pod/${name}`, this.pods.get(`${namespace}/${name}`));

  readPodManifest: Kube['readPodManifest'] = async ({ namespace, name }) => {
    const read = this.#read(`manifest/${name}`, this.pods.get(`${namespace}/${name}`));
    return read.ok ? { ok: true, value: JSON.stringify({ metadata: read.value }) } : read;
  };

  deletePod: Kube['deletePod'] = async ({ namespace, name }, { uid, graceSeconds, dryRun }) => {
    const line = `delete pod/${name}`;
    const failure = this.#fail(line);
    if (failure) return failure;
    const pod = this.pods.get(`${namespace}/${name}`);
    if (pod === undefined) return failed('not-found', name);
    if (pod.uid !== uid) return failed('conflict', `the uid is ${pod.uid}`);
    this.changes.push(line + (dryRun ? ' (dry run)' : ''));
    if (dryRun) return { ok: true, value: null };
    if (graceSeconds > 0 || pod.finalizers.length > 0) pod.isDeleting = true;
    else this.pods.delete(`${namespace}/${name}`);
    if (!pod.isDeleting) this.onDeleted(pod);
    return { ok: true, value: null };
  };

  patchPod: Kube['patchPod'] = async ({ namespace, name }, patch, { dryRun }) =>
    this.#patch(`patch pod/${name}`, this.pods, `${namespace}/${name}`, { patch, dryRun });

  readPodLog: Kube['readPodLog'] = async ({ name }, { container, previous }) => {
    const key = `${name}/${container}${previous ? '/previous' : ''}`;
    const read = this.#read(`log/${key}`, this.logs.get(key));
    return read.ok ? { ok: true, value: { text: read.value, isFull: false } } : read;
  };

  listPodEvents: Kube['listPodEvents'] = async ({ name }) => this.#read(`events/${name}`, []);

  readController: Kube['readController'] = async ({ namespace, kind, name }) =>
    this.#read(`controller/${name}`, this.controllers.get(`${kind} ${namespace}/${name}`));

  setReplicas: Kube['setReplicas'] = async (ref, { uid, from, to, dryRun }) => {
    const line = `scale ${ref.kind}/${ref.name} ${from}→${to}`;
    const failure = this.#fail(line);
    if (failure) return failure;
    const found = this.controllers.get(`${ref.kind} ${ref.namespace}/${ref.name}`);
    if (found === undefined) return failed('not-found', ref.name);
    if (found.uid !== uid || found.desired !== from) return failed('conflict', 'changed');
    this.changes.push(line + (dryRun ? ' (dry run)' : ''));
    if (!dryRun) found.desired = to;
    return { ok: true, value: null };
  };

  listServices: Kube['listServices'] = async () => this.#read('services', this.services);

  listObjects: Kube['listObjects'] = async () => this.#read('objects', new ObjectReading());

  readNode: Kube['readNode'] = async (name) => this.#read(`node/${name}`, this.nodes.get(name));

  patchNode: Kube['patchNode'] = async (name, patch, { dryRun }) => {
    // The view has the field elsewhere than the object.
    const mapped = patch.map((one) => ({
      ...one,
      path: one.path === '/spec/unschedulable' ? '/isUnschedulable' : one.path,
    }));
    return this.#patch(`patch node/${name}`, this.nodes, name, { patch: mapped, dryRun });
  };

  getNetworkPolicy: Kube['getNetworkPolicy'] = async ({ namespace, name }) =>
    this.#read(`policy/${name}`, this.policies.get(`${namespace}/${name}`));

  createNetworkPolicy: Kube['createNetworkPolicy'] = async (spec, { dryRun }) => {
    const { namespace, name, labels, matchLabels, allowNamespaces = [] } = spec;
    const failure = this.#fail(`create policy/${name}`);
    if (failure) return failure;
    const key = `${namespace}/${name}`;
    if (this.policies.has(key)) return failed('conflict', 'exists');
    this.changes.push(`create policy/${name}${dryRun ? ' (dry run)' : ''}`);
    const rules = allowNamespaces.length > 0 ? 1 : 0;
    const policy: NetworkPolicyView = { namespace, name, uid: `uid-${name}`, labels,
      selector: select(matchLabels), policyTypes: ['Ingress', 'Egress'], ingressRules: rules,
      egressRules: rules, allowNamespaces };
    if (!dryRun) this.policies.set(key, policy);
    return { ok: true, value: policy };
  };

  listNetworkPolicies: Kube['listNetworkPolicies'] = async (namespace) =>
    this.#read('policies', [...this.policies.values()]
      .filter((policy) => policy.namespace === namespace));

  reviewToken: Kube['reviewToken'] = () => Promise.reject(new Error('not in this cluster'));

  async close(): Promise<void> {}

  #read<T>(line: string, value: T | undefined): KubeOutcome<T> {
    this.reads.push(line);
    const failure = this.#fail(`get ${line}`);
    if (failure) return failure;
    return value === undefined
      ? failed('not-found', `${line} not found`)
      : { ok: true, value: structuredClone(value) };
  }

  #patch<T extends { resourceVersion: string }>(
    line: string,
    objects: Map<string, T>,
    key: string,
    { patch, dryRun }: { readonly patch: readonly PatchOperation[]; readonly dryRun: boolean },
  ): KubeOutcome<T> {
    const failure = this.#fail(line);
    if (failure) return failure;
    const object = objects.get(key);
    if (object === undefined) return failed('not-found', key);
    const copy = structuredClone(object);
    for (const operation of patch) {
      if (!apply(copy, operation)) return failed('conflict', `${operation.path} does not hold`);
    }
    copy.resourceVersion = this.#next();
    this.changes.push(line + (dryRun ? ' (dry run)' : ''));
    if (!dryRun) objects.set(key, copy);
    return { ok: true, value: structuredClone(copy) };
  }

  #fail(line: string): KubeFailure | undefined {
    const found = this.#failures.find(({ on, times }) => times > 0 && on.test(line));
    if (found === undefined) return undefined;
    found.times -= 1;
    return { ...failed(found.reason, 'refused by the test'), retryAfterMs: found.retryAfterMs };
  }

  #next(): string {
    this.#version += 1;
    return String(this.#version);
  }
}

export const select = (matchLabels: Readonly<Record<string, string>>): LabelSelector =>
  ({ matchLabels, matchExpressions: [] });

const failed = (reason: KubeFailureReason, message: string): KubeFailure =>
  ({ ok: false, reason, retryAfterMs: 0, message });

/** The view has `labels` where the object has `metadata.labels`. */
function apply(view: object, operation: PatchOperation): boolean {
  const keys = operation.path.split('/').slice(1).filter((key) => key !== 'metadata')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  let here = view as Record<string, unknown>;
  for (const key of keys) {
    const next = here[key];
    if (typeof next !== 'object' || next === null) return false;
    here = next as Record<string, unknown>;
  }
  switch (operation.op) {
    case 'test':
      return JSON.stringify(here[last]) === JSON.stringify(operation.value);
    case 'remove':
      return Object.hasOwn(here, last) && delete here[last];
    case 'add':
    case 'replace':
      here[last] = operation.value;
      return true;
  }
}
