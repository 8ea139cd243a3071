import type { FlowDirection, FlowOutcome } from '../../proto/lanner/v1/frames.ts';
import type { Image } from '../../baseline/observation.ts';

/** What the questions about flows ask of the store. */

/**
 * How far apart connections of one flow are kept: an hour is what is left of its minutes after a
 * while. The first and the last have their exact times in both.
 */
export const flowPrecisions = ['minute', 'hour'] as const;
export type FlowPrecision = (typeof flowPrecisions)[number];

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
  /** Names it in answers, for as long as it is not joined with others of its hour. */
  readonly number: number;
  readonly who: FlowWho;
  readonly direction: FlowDirection;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly name: string;
  readonly outcome: FlowOutcome;
  readonly folded: boolean;
  readonly precision: FlowPrecision;
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

export type FlowLimits = {
  readonly ageMs: number;
  /** For so long connections are known by the minute; after it by the hour. */
  readonly minutesMs: number;
  readonly rowsMax: number;
};

/** What was done so that the ledger stays within its limits, in flows. */
export type FlowsKept = {
  readonly deletedByAge: number;
  /** Before their time: there were more than the bound. */
  readonly deletedByBound: number;
  /** Of minutes, taken into hours, */
  readonly joined: number;
  /** which hold so many then. */
  readonly joinedInto: number;
  /** Of minutes whose bytes could not be read any more. */
  readonly damaged: number;
};

export type FlowLevels = {
  readonly minuteFlows: number;
  readonly hourFlows: number;
  /** Begin of the oldest; null while there are none. */
  readonly oldestMs: number | null;
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
  /** The newest time first; `next` is the `before` of the page that follows. */
  listFlows(
    filter: FlowFilter,
    page: { readonly before?: number; readonly limit: number },
  ): Promise<{ readonly rows: readonly FlowRow[]; readonly next?: number }>;
  listDestinations(filter: {
    readonly scope: readonly string[] | 'all';
    readonly namespace?: string;
    readonly workload?: string;
    readonly cluster?: string;
    /** First reached then or later. */
    readonly newSinceMs?: number;
  }): Promise<{ readonly items: readonly Destination[]; readonly isPartial: boolean }>;
  flowLevels(): Promise<FlowLevels>;
  /**
   * Joins, deletes; of one replica at a time, though several would do no harm. `isOver` ends it
   * early, with what was done until then.
   */
  retainFlows(limits: FlowLimits, nowMs: number, isOver?: () => boolean): Promise<FlowsKept>;
};
