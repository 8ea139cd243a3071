import type { Created, KubeObject } from './admin.ts';

/** Objects as a cluster has them; no controller runs, so owners and status are set by the tests. */
type PodOver = {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owner?: Created;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly finalizers?: readonly string[];
};

export const pod = (namespace: string, name: string, over: PodOver = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace,
    name,
    labels: over.labels ?? { app: name },
    ...over.annotations === undefined ? {} : { annotations: over.annotations },
    ...over.finalizers === undefined ? {} : { finalizers: over.finalizers },
    ...over.owner === undefined ? {} : { ownerReferences: [ownerReference(over.owner)] },
  },
  spec: {
    containers: [{ name: 'main', image: 'registry.example/shop/web:1.4.2' }],
    automountServiceAccountToken: false,
    ...over.spec,
  },
});

export const ownerReference = ({ apiVersion, kind, metadata }: Created) => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid,
  controller: true,
});

type WorkloadKind = 'Deployment' | 'ReplicaSet' | 'StatefulSet' | 'DaemonSet';

export const workload = (
  kind: WorkloadKind,
  namespace: string,
  name: string,
  over: { readonly replicas?: number; readonly owner?: Created } = {},
): KubeObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: {
    namespace,
    name,
    ...over.owner === undefined ? {} : { ownerReferences: [ownerReference(over.owner)] },
  },
  spec: {
    ...kind === 'DaemonSet' ? {} : { replicas: over.replicas ?? 2 },
    ...kind === 'StatefulSet' ? { serviceName: name } : {},
    selector: { matchLabels: { app: name } },
    template: podTemplate(name),
  },
});

const podTemplate = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'registry.example/shop/web:1.4.2' }] },
});

export const job = (namespace: string, name: string): KubeObject => {
  const template = podTemplate(name);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { namespace, name },
    spec: {
      parallelism: 3,
      template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } },
    },
  };
};

export const service = (
  namespace: string,
  name: string,
  selector: Readonly<Record<string, string>> = { app: name },
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name },
  spec: { selector, ports: [{ port: 80 }] },
});

export const networkPolicy = (namespace: string, name: string): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace, name },
  spec: { podSelector: {}, policyTypes: ['Ingress'] },
});

export const node = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name } },
});
