import type { ClusterObjects, Labels, PodObject, ServiceObject } from './cluster-objects.ts';
import type { PortRange, Protocol } from './net-flow.ts';

/** Who is behind an address: the port through which the generators look at a cluster. */
export type Resolver = {
  resolve(address: string, port: PortRange, protocol: Protocol): Resolution;
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

export function resolverOf(objects: ClusterObjects): Resolver {
  const services = new Map(objects.services.flatMap((service) =>
    service.addresses.map((address) => [address, service] as const)));
  // Pods of the host's network have the node's address, which then says nothing about the pod.
  const pods = new Map(objects.pods.filter(({ isHostNetwork }) => !isHostNetwork)
    .flatMap((pod) => pod.addresses.map((address) => [address, pod] as const)));
  const nodes = new Map([...objects.nodes].flatMap(([name, addresses]) =>
    addresses.map((address) => [address, name] as const)));
  return {
    resolve: (address, port, protocol) => {
      const service = services.get(address);
      if (service !== undefined) return behind(service, objects, { port, protocol });
      const pod = pods.get(address);
      if (pod !== undefined) return { kind: 'pod', pod };
      const node = nodes.get(address);
      return node === undefined ? { kind: 'nobody' } : { kind: 'node', name: node };
    },
  };
}

export const hasLabels = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

function behind(
  service: ServiceObject,
  objects: ClusterObjects,
  { port, protocol }: { readonly port: PortRange; readonly protocol: Protocol },
): Resolution {
  const { namespace, name, selector } = service;
  const served = service.ports.find((one) =>
    one.port === port.from && one.protocol === protocol);
  if (served === undefined) return { kind: 'unknown-port', name: `${namespace}/${name}` };
  if (selector === null) return endpointsOf(service, objects, { served, protocol });
  const backends = objects.pods.filter((pod) =>
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
