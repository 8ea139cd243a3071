import { AddressHistory } from '../kube/address-history.ts';
import type { AddressSpan } from '../kube/address-history.ts';
import type { ClusterObjects, Labels, PodObject, ServiceObject } from '../kube/cluster-objects.ts';
import type { PortRange, Protocol } from './net-flow.ts';

/** Who is behind an address: the port through which the generators look at a cluster. */
export type Resolver = {
  /** Who has it, or who had it at that time. */
  resolve(address: string, port: PortRange, protocol: Protocol, atMs?: number): Resolution;
};

export type Resolution =
  | { readonly kind: 'pod'; readonly pod: PodObject }
  | {
    readonly kind: 'service';
    readonly service: ServiceObject;
    readonly selector: Labels;
    /** Where connections really arrive: policies see them behind the service's translation. */
    readonly backends: readonly PodObject[];
    readonly ports: readonly number[];
  }
  | {
    /** A service without selector: the API server, a database outside. */
    readonly kind: 'endpoints';
    readonly name: string;
    readonly targets: readonly { readonly address: string; readonly ports: readonly number[] }[];
  }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'unknown-port'; readonly name: string }
  | { readonly kind: 'nobody' };

export function resolverOf(objects: ClusterObjects, past: readonly AddressSpan[] = []): Resolver {
  const history = new AddressHistory(objects, past);
  const nodes = new Map([...objects.nodes].flatMap(([name, addresses]) =>
    addresses.map((address) => [address, name] as const)));
  const services = new Services(objects, [...new Set([...objects.pods, ...history.pods.values()])]);
  return {
    resolve: (address, port, protocol, atMs) => {
      const owner = atMs === undefined ? history.now(address) : history.at(address, atMs);
      if (owner?.kind === 'service') return services.behind(owner.service, port, protocol);
      if (owner?.kind === 'pod') return { kind: 'pod', pod: owner.pod };
      const node = nodes.get(address);
      return node === undefined ? { kind: 'nobody' } : { kind: 'node', name: node };
    },
  };
}

export const hasLabels = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

/** A ledger asks for the same few services a hundred thousand times. */
class Services {
  readonly #objects: ClusterObjects;
  readonly #pods: readonly PodObject[];
  readonly #found = new Map<ServiceObject, Map<string, Resolution>>();

  constructor(objects: ClusterObjects, pods: readonly PodObject[]) {
    this.#objects = objects;
    this.#pods = pods;
  }

  behind(service: ServiceObject, port: PortRange, protocol: Protocol): Resolution {
    const known = this.#found.get(service) ?? new Map<string, Resolution>();
    this.#found.set(service, known);
    // Other ports than its own are one answer, or a scan would fill the memory.
    const isServed = service.ports.some((one) =>
      one.port === port.from && one.protocol === protocol);
    const key = isServed ? `${port.from}/${protocol}` : '';
    const found = known.get(key) ?? this.#look(service, port, protocol);
    known.set(key, found);
    return found;
  }

  #look(service: ServiceObject, port: PortRange, protocol: Protocol): Resolution {
    const { namespace, name, selector } = service;
    const served = service.ports.find((one) =>
      one.port === port.from && one.protocol === protocol);
    if (served === undefined) return { kind: 'unknown-port', name: `${namespace}/${name}` };
    if (selector === null) return endpointsOf(service, this.#objects, { served, protocol });
    const backends = this.#pods.filter((pod) =>
      pod.namespace === namespace && hasLabels(pod.labels, selector));
    const { target } = served;
    const ports = typeof target === 'number' ? [target] : [...new Set(backends
      .flatMap(({ containers }) => containers).flatMap((container) => container.ports)
      .filter((one) => one.name === target && one.protocol === protocol)
      .map((one) => one.port))].toSorted((a, b) => a - b);
    return ports.length === 0
      ? { kind: 'unknown-port', name: `${namespace}/${name}` }
      : { kind: 'service', service, selector, backends, ports };
  }
}

function endpointsOf(
  { namespace, name }: ServiceObject,
  { endpoints }: ClusterObjects,
  { served, protocol }: {
    readonly served: { readonly target: number | string };
    readonly protocol: Protocol;
  },
): Resolution {
  const slices = endpoints.filter((one) => one.namespace === namespace && one.service === name);
  const targets = slices.flatMap(({ addresses, ports }) => addresses.map((address) => ({
    address,
    ports: typeof served.target === 'number'
      ? [served.target]
      : ports.filter((one) => one.protocol === protocol).map((one) => one.port),
  })));
  return targets.length === 0
    ? { kind: 'nobody' }
    : { kind: 'endpoints', name: `${namespace}/${name}`, targets };
}
