import type { Observation } from '../../baseline/observation.ts';
import type { ClusterObjects, PodObject } from '../kube/cluster-objects.ts';
import { ConnectionEnds } from './connection-ends.ts';
import type { NetworkPolicy } from './network-policy.ts';
import { judge } from './network-semantics.ts';
import type { Connection, Direction } from './network-semantics.ts';

/**
 * What policies would have done with what was seen. A connection is looked at where it starts and
 * where it arrives: one to a service is allowed when all pods behind it could have been reached.
 * `ledger-replay.ts` does the same with stored flows.
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
  readonly #policies: readonly NetworkPolicy[];
  readonly #ends: ConnectionEnds;
  readonly #pods: ReadonlyMap<string, PodObject>;

  constructor(objects: ClusterObjects, policies: readonly NetworkPolicy[]) {
    this.#policies = policies;
    this.#ends = new ConnectionEnds(objects);
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
    const address = o.kind === 'connect' ? o.address : o.peerAddress;
    const protocol = o.protocol === 'udp' ? 'UDP' : 'TCP';
    if (address === '' || address.startsWith('127.') || address === '::1') return undefined;
    const pod = this.#pods.get(`${o.container.namespace}/${o.container.pod}`);
    if (pod === undefined) return [];
    const self = this.#ends.podEnd(pod);
    return o.kind === 'accept'
      ? this.#ends.incoming(self, { address, port: o.localPort, protocol }).connections
      : this.#ends.outgoing(self, { address, port: o.port, protocol }).connections;
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
