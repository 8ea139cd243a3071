import { addressScope } from '../../baseline/behaviour/address.ts';
import type { AddressSpan } from '../kube/address-history.ts';
import type { ClusterObjects, Labels } from '../kube/cluster-objects.ts';
import { ISOLATED_LABEL } from '../respond/labels.ts';
import { addressOfCidr, netEntriesOf } from './net-flow.ts';
import type { NetFlow, PortRange, Protocol } from './net-flow.ts';
import type { Left, LeftReason } from './network.ts';
import type { NetworkPolicy, PolicyPeer, PolicyPort } from './network-policy.ts';
import { hasLabels, resolverOf } from './resolver.ts';
import type { Resolution, Resolver } from './resolver.ts';
import { RuleSet } from './rule-set.ts';
import { stableLabels } from './workloads.ts';
import type { Workload } from './workloads.ts';

/**
 * Who reaches whom, for all workloads of the cluster at once: what one connects to is what the other
 * has to let in. Addresses end here: what stands behind them goes into the rules.
 */
export type PlanOptions = {
  /** Who had which address before. */
  readonly past: readonly AddressSpan[];
  /**
   * Was it in this cluster that an inside address was connected to? A profile is of an image, and
   * the image may run in other clusters, whose pods have the same addresses.
   */
  readonly isReachedHere: (address: string, port: PortRange) => boolean;
};

/** Where a workload's connections go, by what stands behind the addresses. */
type Reached = {
  readonly peer: PolicyPeer;
  readonly ports: readonly PolicyPort[];
  /** The pods that are reached, so that their side can be opened. */
  readonly target: { readonly namespace: string; readonly labels: Labels } | null;
};

export class NetworkPlan {
  readonly left: Left[] = [];
  readonly #resolver: Resolver;
  readonly #isReachedHere: PlanOptions['isReachedHere'];
  readonly #workloads: readonly Workload[];
  readonly #egress: ReadonlyMap<Workload, readonly Reached[]>;
  readonly #unsaid = new Map<Workload, Left[]>();
  readonly #objects: ClusterObjects;

  constructor(
    workloads: readonly Workload[],
    objects: ClusterObjects,
    { past, isReachedHere }: PlanOptions,
  ) {
    this.#objects = objects;
    this.#isReachedHere = isReachedHere;
    this.#resolver = resolverOf(objects, past);
    this.#workloads = workloads;
    this.#egress = new Map(workloads.map((workload) =>
      [workload, workload.isHostNetwork ? [] : this.#reachedBy(workload)]));
  }

  leave(workload: Workload, reason: LeftReason, value: string): void {
    this.left.push({ workload: workloadRef(workload), reason, value });
  }

  policyOf(workload: Workload): NetworkPolicy {
    this.left.push(...this.#unsaid.get(workload) ?? []);
    const twins = this.#workloads.filter((other) => other !== workload &&
      other.namespace === workload.namespace && hasLabels(other.labels, workload.labels));
    for (const twin of twins) {
      this.leave(workload, 'shared-labels', `selects ${workloadRef(twin)}, too`);
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
          this.leave(workload, 'no-stable-labels', `called by ${workloadRef(caller)}`);
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
      this.#unsaid.set(workload, [...list, { workload: workloadRef(workload), reason, value }]);
    };
    return workload.profiles.flatMap(netEntriesOf).flatMap((entry) => {
      if (entry.kind === 'unsaid') unsaid(entry.reason, entry.value);
      return entry.kind === 'connect' ? this.#behind(entry, unsaid) : [];
    });
  }

  #behind(entry: NetFlow, unsaid: Unsaid): readonly Reached[] {
    const { cidr, port, protocol, seenMs } = entry;
    const address = addressOfCidr(cidr);
    if (address === null) return this.#reachedAt({ kind: 'nobody' }, entry, unsaid);
    if (addressScope(address) === 'inside' && !this.#isReachedHere(address, port)) {
      return this.#reachedAt({ kind: 'nobody' }, entry, unsaid);
    }
    const times = seenMs.length === 0 ? [undefined] : seenMs;
    const found = times.map((atMs) => this.#resolver.resolve(address, port, protocol, atMs));
    // Of two times one may be before anybody took notes; the other is as true.
    const known = found.filter(({ kind }) => kind !== 'nobody');
    const unlike = new Map((known.length === 0 ? found : known).map((to) =>
      [resolutionKey(to), to]));
    return [...unlike.values()].flatMap((to) => this.#reachedAt(to, entry, unsaid));
  }

  #reachedAt(to: Resolution, entry: NetFlow, unsaid: Unsaid): readonly Reached[] {
    const { cidr, port, protocol, by } = entry;
    const text = `${cidr} ${said(port, protocol)} by ${by}`;
    const within = { peer: { ipBlock: { cidr } }, ports: [portOf(port, protocol)], target: null };
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
        const { namespace, name } = to.pod;
        const labels = stableLabels(to.pod.labels);
        if (Object.keys(labels).length === 0) {
          unsaid('no-stable-labels', `${text}: pod ${namespace}/${name}`);
          return [];
        }
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
        return [within];
      case 'node':
        return [within];
    }
  }
}

/** Two times of one owner are one. */
function resolutionKey(to: Resolution): string {
  switch (to.kind) {
    case 'pod':
      return `pod ${to.pod.namespace} ${JSON.stringify(stableLabels(to.pod.labels))}`;
    case 'service':
      return `service ${to.service.namespace} ${JSON.stringify([to.selector, to.ports])}`;
    case 'endpoints':
      return `endpoints ${JSON.stringify(to.targets)}`;
    case 'node':
    case 'unknown-port':
      return `${to.kind} ${to.name}`;
    case 'nobody':
      return to.kind;
  }
}

type Unsaid = (reason: LeftReason, value: string) => void;

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

export const workloadRef = ({ namespace, name }: Workload): string => `${namespace}/${name}`;

/** Names are DNS subdomains; whatever else a workload is called becomes dashes. */
const NAME_MAX = 200;
const policyName = (name: string): string =>
  `learned-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '')
    .slice(0, NAME_MAX).replace(/-+$/, '')}`.replace(/-$/, '');
