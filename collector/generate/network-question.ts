import type { Alert } from '../../baseline/alert.ts';
import type { FlowFilter, FlowStore } from '../flows/flow-store.ts';
import type { PastAddresses } from '../kube/address-keeper.ts';
import type { ClusterObjects } from '../kube/cluster-objects.ts';
import type { ObjectsRead } from '../kube/object-book.ts';
import type { Learned } from './learned.ts';
import { LedgerReplay } from './ledger-replay.ts';
import { networkPolicies } from './network.ts';
import type { NetworkResult } from './network.ts';
import { vouchedPods } from './unvouched-pods.ts';

/**
 * Network policies of a namespace, with what they would have denied in the last days. Everything it
 * needs is asked for here, in this order: the cluster as it is, who had which address before, what
 * was learned, the alerts, and the flows page by page. Bounds: `REPLAY_FLOWS_MAX` flows and
 * `REPLAY_MS_MAX`; what was not looked at is older than `from`, and the answer says so.
 */
const DAY_MS = 86_400_000;
const OBJECTS_AGE_MS = 30_000;
export const REPLAY_FLOWS_MAX = 500_000;
export const REPLAY_MS_MAX = 20_000;
const FLOWS_PER_PAGE = 2_000;

export type NetworkQuestion = {
  readonly namespace: string;
  readonly days: number;
  readonly isIncompleteTaken: boolean;
  /** Whose alerts may be named. */
  readonly scope: FlowFilter['scope'];
};

export type NetworkSources = {
  readonly flows: Pick<FlowStore, 'listFlows'>;
  readonly objects: { read(ageMs: number): Promise<ObjectsRead> };
  readonly pastAddresses: (fromMs: number) => Promise<PastAddresses>;
  /** Profiles of the images that these objects run. */
  readonly learned: (objects: ClusterObjects) => Promise<readonly Learned[]>;
  readonly alerts: (
    scope: FlowFilter['scope'],
    times: { readonly fromMs: number; readonly toMs: number },
  ) => Promise<readonly Alert[]>;
  /**
   * `address:port` of what these namespaces' pods reached in this cluster; null where there is no
   * other cluster, so that whatever was learned was learned here.
   */
  readonly reachedHere: (
    cluster: string,
    namespaces: readonly string[],
  ) => Promise<ReadonlySet<string> | null>;
  /** The one whose objects these are; undefined where nobody says which it is. */
  readonly cluster: () => Promise<string | undefined>;
  readonly nowMs: () => number;
};

export type NetworkAnswer = {
  readonly result: NetworkResult;
  readonly replay: LedgerReplay;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isWhole: boolean;
  readonly objects: ClusterObjects;
  readonly listedMs: number;
  readonly historySinceMs: number | null;
};

export type NetworkAsked =
  | { readonly ok: true; readonly answer: NetworkAnswer }
  | { readonly ok: false;
    readonly reason: 'no-objects' | 'no-such-namespace' | 'cluster-unknown';
    readonly detail: string };

export async function askNetwork(
  question: NetworkQuestion,
  sources: NetworkSources,
): Promise<NetworkAsked> {
  const { namespace, days, isIncompleteTaken, scope } = question;
  const cluster = await sources.cluster();
  if (cluster === undefined) {
    const detail = 'agents of several clusters connect, and kube.cluster does not say which is ours';
    return { ok: false, reason: 'cluster-unknown', detail };
  }
  const listed = await sources.objects.read(OBJECTS_AGE_MS);
  if (!listed.ok) return { ok: false, reason: 'no-objects', detail: listed.message };
  const { objects, listedMs } = listed;
  if (!objects.namespaces.has(namespace)) {
    return { ok: false, reason: 'no-such-namespace', detail: namespace };
  }
  const toMs = sources.nowMs();
  const fromMs = toMs - days * DAY_MS;
  const learned = await sources.learned(objects);
  const { spans: past, sinceMs } = await sources.pastAddresses(earliest(learned, fromMs));
  const alerts = await sources.alerts(scope, { fromMs, toMs });
  const { vouched, unvouched } = vouchedPods(objects, alerts);
  const reached = await sources.reachedHere(cluster, [...objects.namespaces.keys()]);
  const result = networkPolicies(learned, vouched, { namespace, isIncompleteTaken, past, unvouched,
    ...reached === null ? {} : { isReachedHere: (address, { from, to }) =>
      // Ephemeral ports are a range in profiles, and nothing in the ledger is.
      from !== to || reached.has(`${address}:${from}`) } });
  const { policies, isolation } = result;
  const replay = new LedgerReplay({
    objects,
    past,
    policies: isolation === null ? policies : [...policies, isolation],
    alerts,
  });
  const filter: FlowFilter = { scope: [namespace], namespace, fromMs, toMs,
    ...cluster === '' ? {} : { cluster } };
  const reachedMs = await replayFlows(filter, replay, sources);
  return {
    ok: true,
    answer: {
      result,
      replay,
      fromMs: reachedMs ?? fromMs,
      toMs,
      isWhole: reachedMs === undefined,
      objects,
      listedMs,
      historySinceMs: sinceMs,
    },
  };
}

/** The oldest address that a profile names. */
const earliest = (learned: readonly Learned[], fromMs: number): number =>
  learned.flatMap(({ channels }) => channels.get('net')?.behaviours ?? [])
    .reduce((least, { firstMs = Infinity }) => Math.min(least, firstMs), fromMs);

/** Undefined when it came to the end; else how far back it came. */
async function replayFlows(
  filter: FlowFilter,
  replay: LedgerReplay,
  { flows, nowMs }: NetworkSources,
): Promise<number | undefined> {
  const endMs = nowMs() + REPLAY_MS_MAX;
  let before: number | undefined;
  let reachedMs = filter.toMs ?? 0;
  for (;;) {
    const page = before === undefined ? {} : { before };
    const { rows, next } = await flows.listFlows(filter, { ...page, limit: FLOWS_PER_PAGE });
    for (const row of rows) {
      replay.note(row);
      reachedMs = Math.min(reachedMs, row.firstMs);
    }
    if (next === undefined) return undefined;
    if (replay.flows >= REPLAY_FLOWS_MAX || nowMs() >= endMs) return reachedMs;
    before = next;
    // A page is some milliseconds of work: others are answered in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
