/** What the processes of the bench are told, and what they answer. */

export const variants = [
  'transport',
  'stockDecode',
  'pipeline',
  'pipelineLearn',
  'httpFloor',
  'http',
] as const;
export type Variant = (typeof variants)[number];

export type Orders = {
  readonly variant: Variant;
  readonly socket: string;
  readonly images: number;
  /** What `learned.ts` wrote. */
  readonly learned: string;
  readonly warmUp: number;
  readonly events: number;
  readonly isPaced: boolean;
  /** How often the memory is looked at on the way, evenly. */
  readonly samples: number;
};

export type Measured = {
  readonly variant: Variant;
  readonly events: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly rssMiB: number;
  /** After a full collection. */
  readonly heapMiB: number;
  readonly rssSamplesMiB: readonly number[];
  readonly allocatedBytesPerEvent: number;
  readonly gcShare: number;
  /** Event to judged, milliseconds; of paced pipelines. */
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  /** Of the whole life of the process. */
  readonly alerts: number;
  readonly shed: number;
  readonly gaps: number;
  /** Share of events that were known as they stood. */
  readonly repeats: number;
};
