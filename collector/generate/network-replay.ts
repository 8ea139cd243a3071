import type { Observation } from '../../baseline/observation.ts';
import type { ClusterObjects, PodObject } from './cluster-objects.ts';
import type { NetworkPolicy } from './network-policy.ts';
import { judge } from './network-semantics.ts';
import type { Connection, Direction, Endpoint } from './network-semantics.ts';
import { resolverOf } from './resolver.ts';

/**
 * What policies would have done with what was seen. A connection is looked at where it starts and
 * where it arrives: one to a service is allowed when all pods behind it could have been reached.
 */
export type Denial = {
  readonly timeNs: bigint;
  readonly pod: string;
  readonly process: string;
  readonly peer: string;
  readonly port: number;
  readonly direction: Direction;
};

export type Replay = {
  readonly connections: number;
  readonly denials: readonly Denial[];
  /** Neither end is a pod of the objects: nothing can be said about them. */
  readonly unresolved: number;
};

export class NetworkReplay {
  readonly #objects: ClusterObjects;
  readonly #policies: readonly NetworkPolicy[];
  readonly #resolver;
  readonly #pods: ReadonlyMap<string, PodObject>;

  constructor(objects: ClusterObjects, policies: readonly NetworkPolicy[]) {
    this.#objects = objects;
    this.#policies = policies;
    this.#resolver = resolverOf(objects);
    this.#pods = new Map(objects.pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod]));
  }

  run(observations: Iterable<Observation>): Replay {
    let connections = 0;
    let unresolved = 0;
    const denials: Denial[] = [];
    for (const o of observations) {
      const found = this.#connectionsOf(o);
      if (found === undefined) continue;
      connections += 1;
      if (found.length === 0) unresolved += 1;
      const verdicts = found.map((connection) => judge(this.#policies, connection));
      const denied = verdicts.find(({ isAllowed }) => !isAllowed);
      if (denied !== undefined && denied.deniedBy !== 'none') {
        denials.push(denialOf(o, denied.deniedBy));
      }
    }
    return { connections, denials, unresolved };
  }

  #connectionsOf(o: Observation): readonly Connection[] | undefined {
    if (o.kind !== 'connect' && o.kind !== 'accept') return undefined;
    const peer = o.kind === 'connect' ? o.address : o.peerAddress;
    const protocol = o.protocol === 'udp' ? 'UDP' : 'TCP';
    if (peer === '' || peer.startsWith('127.') || peer === '::1') return undefined;
    const pod = this.#pods.get(`${o.container.namespace}/${o.container.pod}`);
    if (pod === undefined) return [];
    const self = this.#podEnd(pod);
    if (o.kind === 'accept') {
      const source = this.#endOf(peer);
      return [{ source, destination: self, port: o.localPort, protocol }];
    }
    const port = { from: o.port, to: o.port };
    const to = this.#resolver.resolve(peer, port, protocol);
    if (to.kind === 'service') {
      return to.backends.flatMap((backend) => to.ports.map((one) =>
        ({ source: self, destination: this.#podEnd(backend), port: one, protocol } as const)));
    }
    if (to.kind === 'endpoints') {
      return to.targets.flatMap(({ address, ports }) => ports.map((one) =>
        ({ source: self, destination: this.#endOf(address), port: one, protocol } as const)));
    }
    return [{ source: self, destination: this.#endOf(peer), port: o.port, protocol }];
  }

  #endOf(address: string): Endpoint {
    const to = this.#resolver.resolve(address, { from: 0, to: 0 }, 'TCP');
    return to.kind === 'pod' ? this.#podEnd(to.pod) : { address, pod: null };
  }

  #podEnd({ addresses, namespace, labels, nodeName, isHostNetwork }: PodObject): Endpoint {
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
}

function denialOf(o: Observation, direction: Direction): Denial {
  const { timeNs, container: { namespace, pod }, process: { name } } = o;
  const isConnect = o.kind === 'connect';
  return {
    timeNs,
    pod: `${namespace}/${pod}`,
    process: name,
    peer: isConnect ? o.address : o.kind === 'accept' ? o.peerAddress : '',
    port: isConnect ? o.port : o.kind === 'accept' ? o.localPort : 0,
    direction,
  };
}
