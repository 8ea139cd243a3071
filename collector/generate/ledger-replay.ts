import { ISOLATED_LABEL } from '../respond/labels.ts';
import { AddressHistory } from '../kube/address-history.ts';
import type { AddressSpan } from '../kube/address-history.ts';
import type { ClusterObjects } from '../kube/cluster-objects.ts';
import type { FlowRow } from '../flows/flow-store.ts';
import { AlertIndex } from './alert-index.ts';
import type { AlertSeen } from './alert-index.ts';
import { ConnectionEnds } from './connection-ends.ts';
import type { FarEnd, PodEnd } from './connection-ends.ts';
import type { Alert } from '../../baseline/alert.ts';
import type { NetworkPolicy } from './network-policy.ts';
import { judge } from './network-semantics.ts';
import type { Direction } from './network-semantics.ts';
import { workloadsOf } from './workloads.ts';

/**
 * What policies would have denied of the flows that are stored, each denial with the flows that say
 * so and the alerts behind them. Who had an address is asked for the time of the flow; where that is
 * not known nothing is said about it, and how often that was is counted by reason. Bound:
 * `DENIED_GROUPS_MAX` kinds of denied connection; what does not fit is counted.
 */
export const DENIED_GROUPS_MAX = 5_000;
export const DENIED_FLOWS_NAMED_MAX = 8;
export const DENIED_ALERTS_NAMED_MAX = 8;

export const deniedCauses = ['alert-names-it', 'pod-alarmed', 'none'] as const;
export type DeniedCause = (typeof deniedCauses)[number];

export const unjudgedReasons = [
  /** A failed or folded connection of which nobody knows where it went. */
  'without-address',
  /** Some pod had the address; nobody noted which. */
  'peer-unknown',
  /** The pod itself is in no list, and its workload is none or several. */
  'pod-unknown',
  /** Policies do not reach pods on the host's network. */
  'host-network',
  'other-protocol',
] as const;
export type UnjudgedReason = (typeof unjudgedReasons)[number];

export type DeniedFlows = {
  readonly direction: Direction;
  readonly pod: string;
  readonly workload: string;
  readonly process: string;
  readonly address: string;
  readonly peer: string;
  readonly port: number;
  readonly protocol: string;
  readonly cause: DeniedCause;
  connections: number;
  firstMs: number;
  lastMs: number;
  readonly flows: number[];
  flowsBeyond: number;
  readonly alerts: Map<string, AlertSeen>;
};

export type LedgerReplayOptions = {
  readonly objects: ClusterObjects;
  readonly past: readonly AddressSpan[];
  readonly policies: readonly NetworkPolicy[];
  readonly alerts: readonly Alert[];
};

/** Verdicts that are remembered; full, all are forgotten. */
const VERDICTS_MAX = 200_000;

type Refused = { readonly direction: Direction; readonly peer: string; readonly peerUid: string };

export class LedgerReplay {
  flows = 0;
  connections = 0;
  allowed = 0;
  denied = 0;
  deniedAsAttack = 0;
  deniedBeyond = 0;
  readonly unjudged = new Map<UnjudgedReason, number>();
  readonly #groups = new Map<string, DeniedFlows>();
  readonly #verdicts = new Map<string, Refused | UnjudgedReason | null>();
  readonly #policies: readonly NetworkPolicy[];
  readonly #ends: ConnectionEnds;
  readonly #history: AddressHistory;
  readonly #alerts: AlertIndex;
  readonly #ofWorkload: ReadonlyMap<string, readonly PodEnd[]>;

  constructor({ objects, past, policies, alerts }: LedgerReplayOptions) {
    this.#policies = policies;
    this.#ends = new ConnectionEnds(objects, past);
    this.#history = new AddressHistory(objects, past);
    this.#alerts = new AlertIndex(alerts);
    this.#ofWorkload = Map.groupBy(workloadsOf(objects, []).map(({ pods: [pod], ...same }) =>
      ({ ...same, addresses: [], nodeName: pod?.nodeName ?? '' })),
    ({ namespace, name }) => `${namespace}/${name}`);
  }

  note(row: FlowRow): void {
    this.flows += 1;
    this.connections += row.count;
    const verdict = this.#judged(row);
    if (typeof verdict === 'string') {
      this.unjudged.set(verdict, (this.unjudged.get(verdict) ?? 0) + row.count);
    } else if (verdict === null) this.allowed += row.count;
    else this.#deny(row, verdict);
  }

  /** What no alert explains comes first: that is what a person has to look at. */
  get groups(): readonly DeniedFlows[] {
    return [...this.#groups.values()].toSorted((a, b) =>
      deniedCauses.indexOf(b.cause) - deniedCauses.indexOf(a.cause) ||
      b.connections - a.connections || a.firstMs - b.firstMs);
  }

  /** Null: allowed. */
  #judged(row: FlowRow): Refused | UnjudgedReason | null {
    const { address, protocol: name, folded } = row;
    if (address === '' || row.port < 0 || folded) return 'without-address';
    const protocol = name.toUpperCase();
    if (protocol !== 'TCP' && protocol !== 'UDP') return 'other-protocol';
    const self = this.#selfOf(row);
    if (self === undefined) return 'pod-unknown';
    if (self.isHostNetwork) return 'host-network';
    // Two times that were seen for sure: whoever had the address then, must have been let through.
    let verdict: Refused | UnjudgedReason | null = null;
    for (const atMs of new Set([row.lastMs, row.firstMs])) {
      verdict = this.#judgedAt(row, self, { address, port: row.port, protocol, atMs });
      if (verdict !== null) break;
    }
    return verdict;
  }

  /** The same ends meet again every minute; what policies say of them does not change. */
  #judgedAt(row: FlowRow, self: PodEnd, far: Required<FarEnd>): Refused | UnjudgedReason | null {
    const { direction, who: { podUid } } = row;
    const { address, port, protocol, atMs } = far;
    const peer = this.#ends.peerKey(address, direction === 'out' ? port : 0, protocol, atMs);
    const key = `${podUid} ${row.who.workload} ${direction} ${port} ${protocol} ${peer}`;
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    if (this.#verdicts.size >= VERDICTS_MAX) this.#verdicts.clear();
    const verdict = this.#judgeEnds(direction, self, far);
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  #judgeEnds(
    direction: FlowRow['direction'],
    self: PodEnd,
    far: FarEnd,
  ): Refused | UnjudgedReason | null {
    const own = this.#ends.podEnd(self);
    const { connections, peer, peerUid } = direction === 'out'
      ? this.#ends.outgoing(own, far)
      : this.#ends.incoming(own, far);
    if (connections.length === 0) return 'peer-unknown';
    for (const connection of connections) {
      const { deniedBy } = judge(this.#policies, connection);
      if (deniedBy !== 'none') return { direction: deniedBy, peer, peerUid };
    }
    return null;
  }

  /**
   * The pod by its uid; of one that nobody noted its workload, which the agent named, because a
   * policy is a workload's and not a pod's; the same of an isolated one, which lost its labels.
   */
  #selfOf({ who: { podUid, namespace, workload, localAddress } }: FlowRow): PodEnd | undefined {
    const pod = this.#history.pods.get(podUid);
    if (pod !== undefined && !Object.hasOwn(pod.labels, ISOLATED_LABEL)) return pod;
    const [found, ...others] = this.#ofWorkload.get(`${namespace}/${workload}`) ?? [];
    return found === undefined || others.length > 0
      ? undefined
      : { ...found, addresses: [localAddress] };
  }

  #deny(row: FlowRow, { direction, peer, peerUid }: Refused): void {
    const alerts = this.#alerts.behind(row, peerUid);
    const cause = causeOf(alerts);
    this.denied += row.count;
    if (cause !== 'none') this.deniedAsAttack += row.count;
    const { who: { namespace, pod, podUid, workload, process }, address, port, protocol } = row;
    const key = JSON.stringify([direction, cause, podUid, process, address, peer, port, protocol]);
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size >= DENIED_GROUPS_MAX) {
        this.deniedBeyond += row.count;
        return;
      }
      group = { direction, pod: `${namespace}/${pod}`, workload: `${namespace}/${workload}`, process,
        address, peer, port, protocol, cause, connections: 0, firstMs: row.firstMs,
        lastMs: row.lastMs, flows: [], flowsBeyond: 0, alerts: new Map() };
      this.#groups.set(key, group);
    }
    group.connections += row.count;
    group.firstMs = Math.min(group.firstMs, row.firstMs);
    group.lastMs = Math.max(group.lastMs, row.lastMs);
    if (group.flows.length < DENIED_FLOWS_NAMED_MAX) group.flows.push(row.number);
    else group.flowsBeyond += 1;
    for (const alert of alerts) {
      const isNew = !group.alerts.has(alert.id);
      if (isNew && group.alerts.size >= DENIED_ALERTS_NAMED_MAX) continue;
      if (isNew || alert.namesIt) group.alerts.set(alert.id, alert);
    }
  }
}

function causeOf(alerts: readonly AlertSeen[]): DeniedCause {
  if (alerts.some(({ namesIt }) => namesIt)) return 'alert-names-it';
  return alerts.length > 0 ? 'pod-alarmed' : 'none';
}
