import { addressScope } from '../../baseline/behaviour/address.ts';
import type { AddressSpan } from '../kube/address-history.ts';
import type { ClusterObjects, PodObject } from '../kube/cluster-objects.ts';
import { ISOLATED_LABEL } from '../respond/labels.ts';
import type { Protocol } from './net-flow.ts';
import type { Connection, Endpoint } from './network-semantics.ts';
import { resolverOf } from './resolver.ts';
import type { Resolution, Resolver } from './resolver.ts';
import { stableLabels } from './workloads.ts';

/** A connection as policies see it: between pods, behind the translation of services. */
export type FarEnd = {
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** When; absent for now. */
  readonly atMs?: number;
};

export type Met = {
  /** One for each pod that may have answered; empty where it is not known who did. */
  readonly connections: readonly Connection[];
  /** Who had the address: `shop/api`, `pod shop/api-7k`, `node n1`; empty for what is outside. */
  readonly peer: string;
  /** The pod that had it, where it was one. */
  readonly peerUid: string;
};

export class ConnectionEnds {
  readonly #objects: ClusterObjects;
  readonly #resolver: Resolver;
  readonly #unlike = new Map<readonly PodObject[], readonly PodObject[]>();

  constructor(objects: ClusterObjects, past: readonly AddressSpan[] = []) {
    this.#objects = objects;
    this.#resolver = resolverOf(objects, past);
  }

  /** From a pod to an address. */
  outgoing(source: Endpoint, far: FarEnd): Met {
    const { address, port, protocol, atMs } = far;
    const to = this.#resolver.resolve(address, { from: port, to: port }, protocol, atMs);
    const met = { peer: peerOf(to), peerUid: to.kind === 'pod' ? to.pod.uid : '' };
    const meeting = (destination: Endpoint, one: number): Connection =>
      ({ source, destination, port: one, protocol });
    switch (to.kind) {
      case 'service':
        return { ...met, connections: this.#unlikeOnes(to.backends).flatMap((backend) =>
          to.ports.map((one) => meeting(this.podEnd(backend), one))) };
      case 'endpoints':
        return { ...met, connections: to.targets.flatMap(({ address: end, ports }) =>
          ports.map((one) => meeting(this.#endAt(end, atMs), one))) };
      case 'pod':
        return { ...met, connections: [meeting(this.podEnd(to.pod), port)] };
      case 'unknown-port':
        return { ...met, connections: [] };
      case 'node':
        return { ...met, connections: [meeting({ address, pod: null }, port)] };
      case 'nobody':
        return { ...met, connections: isInside(address) ? []
          : [meeting({ address, pod: null }, port)] };
    }
  }

  /** From an address to a pod's own port. */
  incoming(destination: Endpoint, { address, port, protocol, atMs }: FarEnd): Met {
    const from = this.#resolver.resolve(address, NO_PORT, protocol, atMs);
    const met = { peer: peerOf(from), peerUid: from.kind === 'pod' ? from.pod.uid : '' };
    if (from.kind === 'nobody' && isInside(address)) return { ...met, connections: [] };
    const source = from.kind === 'pod' ? this.podEnd(from.pod) : { address, pod: null };
    return { ...met, connections: [{ source, destination, port, protocol }] };
  }

  /** Who is behind an address then, as a word: equal words are equal to every policy. */
  peerKey(address: string, port: number, protocol: Protocol, atMs: number): string {
    const to = this.#resolver.resolve(address, { from: port, to: port }, protocol, atMs);
    switch (to.kind) {
      case 'service':
        return `service ${to.service.uid} ${to.service.namespace}/${to.service.name}`;
      case 'pod':
        return `pod ${to.pod.uid} ${to.pod.namespace}/${to.pod.name}`;
      case 'node':
      case 'endpoints':
      case 'unknown-port':
        return `${to.kind} ${to.name} ${address}`;
      case 'nobody':
        return address;
    }
  }

  /** Replicas have the same labels, and a policy does not tell them apart. */
  #unlikeOnes(backends: readonly PodObject[]): readonly PodObject[] {
    const known = this.#unlike.get(backends);
    if (known !== undefined) return known;
    const byLabels = new Map(backends.map((pod) => [JSON.stringify([stableLabels(pod.labels),
      pod.isHostNetwork, Object.hasOwn(pod.labels, ISOLATED_LABEL)]), pod]));
    const unlike = [...byLabels.values()];
    this.#unlike.set(backends, unlike);
    return unlike;
  }

  podEnd({ addresses, namespace, labels, nodeName, isHostNetwork }: PodEnd): Endpoint {
    const [address = ''] = addresses;
    if (isHostNetwork) return { address, pod: null };
    const namespaceLabels = this.#objects.namespaces.get(namespace) ?? {};
    return {
      address,
      pod: {
        namespace,
        labels,
        // The API server sets this one on every namespace.
        namespaceLabels: { 'kubernetes.io/metadata.name': namespace, ...namespaceLabels },
        nodeAddresses: this.#objects.nodes.get(nodeName) ?? [],
      },
    };
  }

  #endAt(address: string, atMs: number | undefined): Endpoint {
    const to = this.#resolver.resolve(address, NO_PORT, 'TCP', atMs);
    return to.kind === 'pod' ? this.podEnd(to.pod) : { address, pod: null };
  }
}

export type PodEnd =
  Pick<PodObject, 'addresses' | 'namespace' | 'labels' | 'nodeName' | 'isHostNetwork'>;

const NO_PORT = { from: 0, to: 0 };

/** Some pod had it, or a machine beside the cluster: without notes nobody can say. */
const isInside = (address: string): boolean => addressScope(address) === 'inside';

function peerOf(to: Resolution): string {
  switch (to.kind) {
    case 'service':
      return `${to.service.namespace}/${to.service.name}`;
    case 'pod':
      return `pod ${to.pod.namespace}/${to.pod.name}`;
    case 'node':
      return `node ${to.name}`;
    case 'endpoints':
    case 'unknown-port':
      return to.name;
    case 'nobody':
      return '';
  }
}
