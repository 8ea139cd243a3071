import type { FlowDirection, FlowOutcome } from '../../proto/lanner/v1/frames.ts';
import type { Image } from '../../baseline/observation.ts';

/** What the questions about flows ask of the store. */

export type NodeName = { readonly cluster: string; readonly node: string };

export type FlowWho = NodeName & {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly workload: string;
  readonly containerId: string;
  readonly containerName: string;
  readonly image: Image;
  readonly process: string;
  readonly exe: string;
  readonly localAddress: string;
};

export type FlowRow = {
  /** Names it in answers, and is the place in the list: `part × 10^8 + number`. */
  readonly number: number;
  readonly who: FlowWho;
  readonly direction: FlowDirection;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly name: string;
  readonly outcome: FlowOutcome;
  readonly folded: boolean;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
  readonly sourcePorts: readonly number[];
  readonly portsBeyond: number;
};

export type FlowQuestion = {
  readonly nodes: readonly NodeName[];
  readonly address: string;
  readonly port: number;
  readonly protocol?: string;
  readonly fromMs: number;
  readonly toMs: number;
};

/** What was asked for, and what may hide it: several addresses in one, addresses nobody knows. */
export type FlowsFound = {
  readonly rows: readonly FlowRow[];
  /** There were more than are looked at. */
  readonly isPartial: boolean;
};

export type NodeGap = NodeName & {
  readonly from: string;
  readonly to: string;
  readonly cause: string;
  readonly eventsEstimate: number;
};

export type WatchedSpan = NodeName & { readonly fromMs: number; readonly toMs: number };

export type FlowFilter = {
  readonly scope: readonly string[] | 'all';
  readonly cluster?: string;
  readonly node?: string;
  readonly namespace?: string;
  readonly workload?: string;
  readonly pod?: string;
  readonly direction?: FlowDirection;
  readonly address?: string;
  readonly port?: number;
  readonly fromMs?: number;
  readonly toMs?: number;
};

export type Destination = {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  /** Names by which the address was known. */
  readonly names: readonly string[];
  readonly firstMs: number;
  /** To within some minutes. */
  readonly lastMs: number;
};

export type FlowStore = {
  /** Nodes that said that the address is theirs, now or before. */
  nodesWithAddress(address: string, cluster?: string): Promise<readonly NodeName[]>;
  flowsTo(question: FlowQuestion): Promise<FlowsFound>;
  gapsWithin(
    nodes: readonly NodeName[],
    fromMs: number,
    toMs: number,
  ): Promise<readonly NodeGap[]>;
  watchedWithin(
    nodes: readonly NodeName[],
    fromMs: number,
    toMs: number,
  ): Promise<readonly WatchedSpan[]>;
  /** Newest first. */
  listFlows(
    filter: FlowFilter,
    page: { readonly before?: number; readonly limit: number },
  ): Promise<{ readonly rows: readonly FlowRow[]; readonly next?: number }>;
  listDestinations(filter: {
    readonly scope: readonly string[] | 'all';
    readonly namespace?: string;
    readonly workload?: string;
    readonly cluster?: string;
  }): Promise<{ readonly items: readonly Destination[]; readonly isPartial: boolean }>;
};
