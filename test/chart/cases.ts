import { CERT_MANAGER, MONITORING, OPENSHIFT } from './crds.ts';
import type { Values } from './helm.ts';

/** The values that the chart is rendered with: each choice with each other, and the rest alone. */
export type Case = {
  readonly name: string;
  readonly values: Values;
  readonly apiVersions?: readonly string[];
  readonly kubeVersion?: string;
  /** Of a Kubernetes that is not the API server's. */
  readonly isForeign?: boolean;
};

const ALL_APIS = [MONITORING, CERT_MANAGER];

const transports: Readonly<Record<string, Values>> = {
  grpc: { transport: 'grpc' },
  'http service': { transport: 'http' },
  'http hostPort': { transport: 'http', http: { exposure: 'hostPort', port: 2802 } },
};
const postgres = {
  kind: 'postgres',
  postgres: {
    url: 'postgres://lanner@postgres.db.svc:5432/lanner?sslmode=verify-full',
    existingSecret: 'lanner-postgres',
  },
};
const stores: Readonly<Record<string, Values>> = {
  sqlite: {},
  postgres: { store: postgres },
  'postgres scaled': { store: postgres, autoscaling: { enabled: true } },
};
const authorities: Readonly<Record<string, Values>> = {
  helm: {},
  certmanager: { source: 'certmanager' },
  existingSecret: { source: 'existingSecret', existingSecret: 'given-tls' },
};

export const matrix: readonly Case[] = Object.entries(transports).flatMap(([transport, falco]) =>
  Object.entries(stores).flatMap(([store, collector]) =>
    Object.entries(authorities).flatMap(([authority, tls]) =>
      (transport === 'grpc' ? [false] : [false, true]).map((unprivileged): Case => ({
        name: `${transport}, ${store}, TLS of ${authority}${unprivileged ? ', unprivileged' : ''}`,
        values: { falco: { ...falco, ...secretOf(authority, transport) }, collector, tls,
          agent: { unprivileged } },
        apiVersions: ALL_APIS,
      })))));

/** With certificates of one's own, those for Falco are one's own, too. */
function secretOf(authority: string, transport: string): Values {
  if (authority !== 'existingSecret' || transport === 'grpc') return {};
  return { http: { ...transports[transport]?.['http'] as Values, existingSecret: 'falco-tls' } };
}

const monitoring = {
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  prometheusRule: { enabled: true },
  dashboards: { enabled: true },
};
const oidc = {
  issuer: 'https://idp.bank.example/realms/bank',
  clientId: 'lanner',
  existingSecret: 'lanner-oidc',
  audience: 'lanner-api',
  grants: [{ group: 'soc', role: 'analyst', namespaces: ['shop'] },
    { group: 'soc-leads', role: 'admin' }],
};
const ingress = {
  enabled: true,
  className: 'nginx',
  host: 'lanner.bank.example',
  tlsSecret: 'lanner-ingress',
  annotations: { 'nginx.ingress.kubernetes.io/backend-protocol': 'HTTPS' },
};
const elsewhere = {
  collector: { enabled: false },
  agent: { link: { address: 'lanner.central.example:8471', identity: 'certificate' } },
  tls: { source: 'existingSecret', existingSecret: 'central-ca' },
};
const extra = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'extra-object' } };

export const single: readonly Case[] = [
  { name: 'all defaults', values: {} },
  { name: 'every right', values: { collector: {
    rbac: { scale: true, cordon: true, logs: true, objects: true },
  } } },
  { name: 'rights in two namespaces, without limits', values: { collector: {
    rbac: { namespaces: ['shop', 'web'], scale: true, cordon: true, logs: true, objects: true,
      limits: false },
  } } },
  { name: 'monitoring', values: { metrics: monitoring }, apiVersions: ALL_APIS },
  { name: 'monitoring without the operator', values: { metrics: monitoring } },
  { name: 'a name of its own', values: { fullnameOverride: 'sentry' } },
  { name: 'a long name', values: { nameOverride: 'a-very-long-name-that-fills-all-the-room-there-is' } },
  { name: 'sign-in by OpenID Connect behind an Ingress', values: {
    collector: { api: { oidc }, ingress },
  } },
  { name: 'outputs with secrets', values: { collector: {
    secrets: ['siem', 'kafka'],
    config: { outputs: [{
      name: 'siem',
      kind: 'webhook',
      url: 'https://siem.bank.example/lanner',
      keys: [{ id: 'k1', key: { file: '/etc/lanner/secrets/siem/hmac' } }],
    }] },
  } } },
  { name: 'a policy', values: { collector: {
    policy: 'rules:\n  - { name: dev, match: { namespaces: [dev] }, mode: act, action: kill }\n',
  } } },
  { name: 'network policies with names', values: { networkPolicy: {
    apiFrom: [{ podSelector: { matchLabels: { app: 'ingress' } } }],
    metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
  } } },
  { name: 'no network policies, no disruption budget', values: {
    networkPolicy: { enabled: false },
    collector: { store: postgres, replicas: 3, podDisruptionBudget: { enabled: false } },
  } },
  { name: 'a private registry and digests', values: {
    image: { registry: 'registry.bank.example/mirror/', pullSecrets: [{ name: 'registry' }] },
    agent: { image: { digest: `sha256:${'a'.repeat(64)}` } },
    collector: { image: { tag: '0.1.0-bank' } },
  } },
  { name: 'the container runtime', values: {
    agent: { containerRuntime: { socket: '/run/containerd/containerd.sock' } },
  } },
  { name: 'further volumes, variables and labels', values: {
    commonLabels: { 'bank.example/team': 'soc' },
    agent: {
      podLabels: { zone: 'a' },
      podAnnotations: { note: 'x' },
      env: [{ name: 'LANNER_AGENT_LOG_LEVEL', value: 'debug' }],
      extraVolumes: [{ name: 'more', emptyDir: {} }],
      extraVolumeMounts: [{ name: 'more', mountPath: '/more' }],
      seLinuxOptions: { type: 'spc_t' },
      serviceAccount: { annotations: { note: 'x' } },
    },
    collector: {
      podLabels: { zone: 'a' },
      extraVolumes: [{ name: 'anchors', emptyDir: {} }],
      extraVolumeMounts: [{ name: 'anchors', mountPath: '/var/lib/anchors' }],
      config: { audit: { anchorFile: '/var/lib/anchors/audit.log' } },
      serviceAccount: { annotations: { note: 'x' } },
    },
  } },
  { name: 'further objects', values: { extraObjects: [
    extra,
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra-{{ .Release.Name }}',
  ] } },
  { name: 'the namespace too', values: { namespace: { create: true } } },
  { name: 'OpenShift', values: {}, apiVersions: [OPENSHIFT] },
  { name: 'OpenShift, unprivileged', apiVersions: [OPENSHIFT], values: {
    agent: { unprivileged: true }, falco: { transport: 'http' },
  } },
  { name: 'agents of a collector elsewhere', values: elsewhere },
  { name: 'a collector for agents elsewhere', values: {
    agent: { enabled: false, link: { identity: 'certificate' } },
    tls: { source: 'existingSecret', existingSecret: 'fleet-tls' },
    collector: { link: {
      hosts: ['lanner.central.example'], service: { type: 'LoadBalancer' },
    } },
  } },
  { name: 'Kubernetes 1.28', values: {}, kubeVersion: '1.28.0', isForeign: true },
];

/** What cannot work, and a word of the sentence that says so. */
export const contradictions: readonly (readonly [name: string, values: Values, word: RegExp])[] = [
  ['unprivileged with Falco’s socket', { agent: { unprivileged: true } }, /root's alone/],
  ['unprivileged with the runtime’s socket', {
    agent: { unprivileged: true, containerRuntime: { socket: '/run/x.sock' } },
    falco: { transport: 'http' },
  }, /containerRuntime\.socket/],
  ['PostgreSQL without its address', { collector: { store: { kind: 'postgres' } } }, /url is missing/],
  ['SQLite, scaled', { collector: { autoscaling: { enabled: true } } }, /has one collector/],
  ['cert-manager without cert-manager', { tls: { source: 'certmanager' } }, /no cert-manager\.io/],
  ['a Secret without its name', { tls: { source: 'existingSecret' } }, /tls\.existingSecret/],
  ['nothing at all', { agent: { enabled: false }, collector: { enabled: false } }, /nothing is left/],
  ['agents without a collector', { collector: { enabled: false } }, /agent\.link\.address/],
  ['tokens for a collector elsewhere', {
    ...elsewhere, agent: { link: { address: 'a.example:8471' } },
  }, /cannot have this cluster's tokens checked/],
  ['a collector elsewhere without its authority', { ...elsewhere, tls: {} }, /tls\.source/],
  ['certificates without an authority', { agent: { link: { identity: 'certificate' } } },
    /needs tls\.source existingSecret/],
  ['OpenID Connect without an address', { collector: { api: { oidc } } }, /publicUrl is missing/],
  ['OpenID Connect without a client', { collector: { api: { oidc: { issuer: oidc.issuer } } } },
    /clientId is missing/],
  ['an Ingress without a host', { collector: { ingress: { enabled: true } } }, /host is missing/],
  ['fewer than the least', { collector: { store: postgres, autoscaling: {
    enabled: true, minReplicas: 5, maxReplicas: 2,
  } } }, /above maxReplicas/],
  ['a value that does not exist', { colector: {} }, /colector/],
  ['a word that is no choice', { falco: { transport: 'kafka' } }, /transport/],
  ['a wrong digest', { agent: { image: { digest: 'latest' } } }, /digest/],
  ['an issuer in plaintext', { collector: { api: { oidc: { ...oidc, issuer: 'http://a' } } } },
    /issuer/],
];
