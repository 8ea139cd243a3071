import { createHash } from 'node:crypto';

import { addressScope } from '../../baseline/behaviour/address.ts';
import { ISOLATED_LABEL } from '../respond/labels.ts';
import type { ClusterObjects, Labels } from './cluster-objects.ts';
import { isComplete } from './learned.ts';
import type { Learned } from './learned.ts';
import { addressOfCidr, netEntriesOf } from './net-flow.ts';
import type { NetFlow, PortRange, Protocol } from './net-flow.ts';
import type { NetworkPolicy, PolicyPeer, PolicyPort } from './network-policy.ts';
import { hasLabels, resolverOf } from './resolver.ts';
import type { Resolver } from './resolver.ts';
import { RuleSet } from './rule-set.ts';
import { workloadsOf } from './workloads.ts';
import type { Workload } from './workloads.ts';

/**
 * NetworkPolicies from what was learned: one per workload, and one that isolates the namespace,
 * which is written last and only when every workload got its own. Services become the pods behind
 * them, because policies see connections after the translation; what a client connects to opens the
 * server's side too. What cannot be said is in `left`, with its reason.
 */
export type LeftReason =
  | 'host-network'
  | 'no-stable-labels'
  | 'no-profile'
  | 'incomplete-channel'
  | 'unresolved-address'
  | 'unresolved-port'
  | 'unknown-caller'
  | 'failed-connection'
  | 'unknown-port'
  | 'unknown-protocol'
  | 'named-peer'
  | 'shared-labels'
  | 'isolation';

export type Left = {
  readonly workload: string;
  readonly reason: LeftReason;
  readonly value: string;
};

export type Coverage = {
  readonly workload: string;
  readonly profile: string;
  readonly coverage: number;
  readonly isComplete: boolean;
};

export type NetworkResult = {
  readonly policies: readonly NetworkPolicy[];
  /** Apply it after the others have been there for a while; null when it was left out. */
  readonly isolation: NetworkPolicy | null;
  readonly left: readonly Left[];
  readonly coverage: readonly Coverage[];
};

export type NetworkOptions = {
  readonly namespace: string;
  /** Also of profiles whose `net` channel is still learned. */
  readonly isIncompleteTaken: boolean;
};

export function networkPolicies(
  profiles: readonly Learned[],
  objects: ClusterObjects,
  { namespace, isIncompleteTaken }: NetworkOptions,
): NetworkResult {
  const workloads = workloadsOf(objects, profiles);
  const plan = new Plan(workloads, objects);
  const own = workloads.filter((workload) => workload.namespace === namespace);
  const policies: NetworkPolicy[] = [];
  for (const workload of own) {
    const obstacle = obstacleOf(workload, isIncompleteTaken);
    if (obstacle === undefined) policies.push(plan.policyOf(workload));
    else plan.leave(workload, obstacle.reason, obstacle.value);
  }
  // Pods on the host's network are no pods to a policy: they do not hold up the isolation.
  const isWhole = own.length > 0 && policies.length ===
    own.filter(({ isHostNetwork }) => !isHostNetwork).length;
  const left = [...plan.left];
  if (!isWhole) {
    left.push({ workload: namespace, reason: 'isolation',
      value: 'not every workload has a policy, and it would cut off those that have none' });
  }
  return {
    policies: withOwnNames(policies),
    isolation: isWhole ? isolationOf(namespace) : null,
    left: left.toSorted((a, b) => order(a.workload, b.workload) || order(a.value, b.value)),
    coverage: own.flatMap((workload) => workload.profiles.map((learned) => ({
      workload: nameOf(workload),
      profile: learned.key,
      coverage: learned.coverage,
      isComplete: isComplete(learned, 'net'),
    }))),
  };
}

const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
const nameOf = ({ namespace, name }: Workload): string => `${namespace}/${name}`;

function obstacleOf(
  { labels, profiles, unknownImages, isHostNetwork }: Workload,
  isIncompleteTaken: boolean,
): { readonly reason: LeftReason; readonly value: string } | undefined {
  if (isHostNetwork) return { reason: 'host-network', value: 'policies do not reach such pods' };
  if (Object.keys(labels).length === 0) {
    return { reason: 'no-stable-labels', value: 'nothing selects its pods and no others' };
  }
  if (unknownImages.length > 0) return { reason: 'no-profile', value: unknownImages.join(', ') };
  const learning = profiles.filter((learned) => !isComplete(learned, 'net'));
  if (learning.length > 0 && !isIncompleteTaken) {
    return { reason: 'incomplete-channel', value: learning.map(({ key }) => key).join(', ') };
  }
  return undefined;
}

/** Where a workload's connections go, by what stands behind the addresses. */
type Reached = {
  readonly peer: PolicyPeer;
  readonly ports: readonly PolicyPort[];
  /** The pods that are reached, so that their side can be opened. */
  readonly target: { readonly namespace: string; readonly labels: Labels } | null;
};

class Plan {
  readonly left: Left[] = [];
  readonly #resolver: Resolver;
  readonly #workloads: readonly Workload[];
  readonly #egress: ReadonlyMap<Workload, readonly Reached[]>;
  readonly #unsaid = new Map<Workload, Left[]>();
  readonly #objects: ClusterObjects;

  constructor(workloads: readonly Workload[], objects: ClusterObjects) {
    this.#objects = objects;
    this.#resolver = resolverOf(objects);
    this.#workloads = workloads;
    this.#egress = new Map(workloads.map((workload) =>
      [workload, workload.isHostNetwork ? [] : this.#reachedBy(workload)]));
  }

  leave(workload: Workload, reason: LeftReason, value: string): void {
    this.left.push({ workload: nameOf(workload), reason, value });
  }

  policyOf(workload: Workload): NetworkPolicy {
    this.left.push(...this.#unsaid.get(workload) ?? []);
    const twins = this.#workloads.filter((other) => other !== workload &&
      other.namespace === workload.namespace && hasLabels(other.labels, workload.labels));
    for (const twin of twins) {
      this.leave(workload, 'shared-labels', `selects ${nameOf(twin)}, too`);
    }
    const egress = new RuleSet();
    for (const { peer, ports } of this.#egress.get(workload) ?? []) egress.add(peer, ports);
    const { namespace, name, labels } = workload;
    return {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: {
        name: policyName(name),
        namespace,
        labels: { 'app.kubernetes.io/managed-by': 'lanner' },
        annotations: { 'lanner.dev/profiles': workload.profiles.map(({ key }) => key).join(' ') },
      },
      spec: {
        podSelector: selecting(labels),
        policyTypes: ['Ingress', 'Egress'],
        ingress: this.#ingressOf(workload).rules
          .map(({ peers, ports }) => ({ from: peers, ports })),
        egress: egress.rules.map(({ peers, ports }) => ({ to: peers, ports })),
      },
    };
  }

  #ingressOf(workload: Workload): RuleSet {
    const rules = new RuleSet();
    for (const [caller, reached] of this.#egress) {
      for (const { target, ports } of reached) {
        if (target === null || target.namespace !== workload.namespace) continue;
        if (!hasLabels(workload.labels, target.labels)) continue;
        if (Object.keys(caller.labels).length === 0) {
          this.leave(workload, 'no-stable-labels', `called by ${nameOf(caller)}`);
        } else rules.add(podsOf(caller.namespace, caller.labels), ports);
      }
    }
    const entries = workload.profiles.flatMap(netEntriesOf);
    for (const entry of entries) {
      if (entry.kind !== 'accept') continue;
      const ports = [portOf(entry.port, entry.protocol)];
      if (entry.from === 'outside') {
        for (const peer of this.#outside(workload)) rules.add(peer, ports);
      } else if (!rules.allows(ports)) {
        const port = said(entry.port, entry.protocol);
        this.leave(workload, 'unknown-caller', `${port} is called from inside, and no learned ` +
          'workload connects there; the own node always may');
      }
    }
    return rules;
  }

  /** From a load balancer it may arrive with the address of any node. */
  #outside({ namespace, labels }: Workload): readonly PolicyPeer[] {
    const isExposed = this.#objects.services.some((service) => service.isFromOutside &&
      service.namespace === namespace && service.selector !== null &&
      hasLabels(labels, service.selector));
    const nodes = isExposed ? [...this.#objects.nodes.values()].flat() : [];
    return [...OUTSIDE, ...nodes.filter((address) => addressScope(address) !== 'unknown')
      .toSorted().map(single)];
  }

  #reachedBy(workload: Workload): readonly Reached[] {
    const unsaid = (reason: LeftReason, value: string): void => {
      const list = this.#unsaid.get(workload) ?? [];
      this.#unsaid.set(workload, [...list, { workload: nameOf(workload), reason, value }]);
    };
    return workload.profiles.flatMap(netEntriesOf).flatMap((entry) => {
      if (entry.kind === 'unsaid') unsaid(entry.reason, entry.value);
      return entry.kind === 'connect' ? this.#behind(entry, unsaid) : [];
    });
  }

  #behind(
    { cidr, port, protocol, by }: NetFlow,
    unsaid: (reason: LeftReason, value: string) => void,
  ): readonly Reached[] {
    const address = addressOfCidr(cidr);
    const text = `${cidr} ${said(port, protocol)} by ${by}`;
    const to = address === null
      ? { kind: 'nobody' } as const
      : this.#resolver.resolve(address, port, protocol);
    switch (to.kind) {
      case 'service': {
        const { service: { namespace }, selector, ports } = to;
        const both: readonly Protocol[] = port.from === DNS_PORT ? ['UDP', 'TCP'] : [protocol];
        return [{
          peer: podsOf(namespace, selector),
          ports: both.flatMap((one) => ports.map((port) => ({ protocol: one, port }))),
          target: { namespace, labels: selector },
        }];
      }
      case 'pod': {
        const owner = this.#workloads.find(({ pods }) => pods.includes(to.pod));
        const labels = owner?.labels ?? {};
        if (Object.keys(labels).length === 0) {
          unsaid('no-stable-labels', `${text}: pod ${to.pod.namespace}/${to.pod.name}`);
          return [];
        }
        const { namespace } = to.pod;
        const target = { namespace, labels };
        return [{ peer: podsOf(namespace, labels), ports: [portOf(port, protocol)], target }];
      }
      case 'endpoints':
        return to.targets.map(({ address: end, ports }) => ({
          peer: single(end),
          ports: ports.map((one) => ({ protocol, port: one })),
          target: null,
        }));
      case 'unknown-port':
        unsaid('unresolved-port', `${text}: service ${to.name} has no such port`);
        return [];
      case 'nobody':
        // Pods come and go: an address of theirs must not become a rule for whoever has it next.
        if (addressScope(cidr.split('/')[0] ?? '') === 'inside') {
          unsaid('unresolved-address', text);
          return [];
        }
        return [{ peer: { ipBlock: { cidr } }, ports: [portOf(port, protocol)], target: null }];
      case 'node':
        return [{ peer: { ipBlock: { cidr } }, ports: [portOf(port, protocol)], target: null }];
    }
  }
}

/** A long answer is asked for again over TCP. */
const DNS_PORT = 53;

const OUTSIDE: readonly PolicyPeer[] = [
  { ipBlock: { cidr: '0.0.0.0/0',
    except: ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'] } },
  { ipBlock: { cidr: '::/0', except: ['fc00::/7'] } },
];

const single = (address: string): PolicyPeer =>
  ({ ipBlock: { cidr: `${address}/${address.includes(':') ? 128 : 32}` } });

const podsOf = (namespace: string, labels: Labels): PolicyPeer => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  podSelector: { matchLabels: labels },
});

const portOf = ({ from, to }: PortRange, protocol: Protocol): PolicyPort =>
  ({ protocol, port: from, ...(to === from ? {} : { endPort: to }) });

const said = ({ from, to }: PortRange, protocol: Protocol): string =>
  `${from === to ? from : `${from}-${to}`}/${protocol.toLowerCase()}`;

/**
 * Not the pods that Lanner isolated: policies add up, and what was learned would open again what
 * the isolation closed.
 */
const selecting = (matchLabels: Labels) => ({
  matchLabels,
  matchExpressions: [{ key: ISOLATED_LABEL, operator: 'DoesNotExist' as const }],
});

/** Names are DNS subdomains; whatever else a workload is called becomes dashes. */
const NAME_MAX = 200;
const policyName = (name: string): string =>
  `learned-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '')
    .slice(0, NAME_MAX).replace(/-+$/, '')}`.replace(/-$/, '');

/**
 * A rollout that changes labels makes two workloads of one name; the second policy must not replace
 * the first one when they are applied.
 */
function withOwnNames(policies: readonly NetworkPolicy[]): readonly NetworkPolicy[] {
  const counts = new Map<string, number>();
  for (const { metadata: { name } } of policies) counts.set(name, (counts.get(name) ?? 0) + 1);
  return policies.map((policy) => {
    const { metadata, spec } = policy;
    if (counts.get(metadata.name) === 1) return policy;
    const hash = createHash('sha256').update(JSON.stringify(spec.podSelector)).digest('hex');
    return { ...policy, metadata: { ...metadata, name: `${metadata.name}-${hash.slice(0, 8)}` } };
  });
}

function isolationOf(namespace: string): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: 'learned-isolation',
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'lanner' },
      annotations: { 'lanner.dev/order': 'apply last' },
    },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  };
}
