import { isWithin } from './cidr.ts';
import type { Labels } from '../kube/cluster-objects.ts';
import type {
  LabelSelector,
  NetworkPolicy,
  PolicyPeer,
  PolicyPort,
} from './network-policy.ts';

/**
 * What a set of NetworkPolicies lets through, after the API's own description: policies only add,
 * a pod that none selects for a direction is open in it, and both ends must allow. Pods on the
 * host's network are beyond them; a pod and the node it runs on always reach each other.
 */
export type Endpoint = {
  readonly address: string;
  /** Null for what is no pod, or is one on the host's network. */
  readonly pod: {
    readonly namespace: string;
    readonly namespaceLabels: Labels;
    readonly labels: Labels;
    readonly nodeAddresses: readonly string[];
  } | null;
};

export type Connection = {
  readonly source: Endpoint;
  /** Behind a service's translation: the pod, not the service. */
  readonly destination: Endpoint;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
};

export type Verdict = { readonly isAllowed: boolean; readonly deniedBy: 'none' | Direction };
export type Direction = 'egress' | 'ingress';

export function judge(policies: readonly NetworkPolicy[], connection: Connection): Verdict {
  if (!isAllowed(policies, connection, 'egress')) return { isAllowed: false, deniedBy: 'egress' };
  if (!isAllowed(policies, connection, 'ingress')) {
    return { isAllowed: false, deniedBy: 'ingress' };
  }
  return { isAllowed: true, deniedBy: 'none' };
}

function isAllowed(
  policies: readonly NetworkPolicy[],
  connection: Connection,
  direction: Direction,
): boolean {
  const isEgress = direction === 'egress';
  const self = isEgress ? connection.source : connection.destination;
  const other = isEgress ? connection.destination : connection.source;
  const { pod } = self;
  if (pod === null || pod.nodeAddresses.includes(other.address)) return true;
  const selecting = policies.filter(({ metadata, spec }) =>
    metadata.namespace === pod.namespace &&
    spec.policyTypes.includes(isEgress ? 'Egress' : 'Ingress') &&
    selects(spec.podSelector, pod.labels));
  if (selecting.length === 0) return true;
  return selecting.some(({ spec }) => (isEgress
    ? (spec.egress ?? []).some(({ to, ports }) =>
      hasPeer(to, other, pod.namespace) && hasPort(ports, connection))
    : (spec.ingress ?? []).some(({ from, ports }) =>
      hasPeer(from, other, pod.namespace) && hasPort(ports, connection))));
}

/** Nobody named means everybody. */
function hasPeer(
  peers: readonly PolicyPeer[] | undefined,
  other: Endpoint,
  namespace: string,
): boolean {
  if (peers === undefined || peers.length === 0) return true;
  return peers.some((peer) => {
    if ('ipBlock' in peer) {
      const { cidr, except } = peer.ipBlock;
      return isWithin(other.address, cidr) &&
        !(except ?? []).some((range) => isWithin(other.address, range));
    }
    if (other.pod === null) return false;
    const { podSelector, namespaceSelector } = peer;
    const isThere = namespaceSelector === undefined
      ? other.pod.namespace === namespace
      : selects(namespaceSelector, other.pod.namespaceLabels);
    return isThere && selects(podSelector ?? {}, other.pod.labels);
  });
}

function hasPort(ports: readonly PolicyPort[] | undefined, connection: Connection): boolean {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some(({ protocol, port, endPort }) =>
    protocol === connection.protocol &&
    (port === undefined ||
      (connection.port >= port && connection.port <= (endPort ?? port))));
}

export function selects(selector: LabelSelector, labels: Labels): boolean {
  const has = (key: string): boolean => Object.hasOwn(labels, key);
  return Object.entries(selector.matchLabels ?? {})
    .every(([key, value]) => has(key) && labels[key] === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values }) => {
      const isIn = has(key) && (values ?? []).includes(labels[key] ?? '');
      switch (operator) {
        case 'In':
          return isIn;
        case 'NotIn':
          return !isIn;
        case 'Exists':
          return has(key);
        case 'DoesNotExist':
          return !has(key);
      }
    });
}
