/** What the bench asks of a process that holds agents' ends, and what that answers. */
export type Order =
  | { readonly do: 'open'; readonly address: string; readonly from: number; readonly count: number }
  | {
    readonly do: 'load';
    readonly active: number;
    readonly alertsPerBatch: number;
    readonly seconds: number;
  }
  | {
    readonly do: 'come-back';
    readonly address: string;
    readonly from: number;
    readonly count: number;
    readonly alerts: number;
  }
  | { readonly do: 'close' };

export type Answer =
  | { readonly said: 'opened'; readonly opened: number; readonly refused: number }
  | {
    readonly said: 'loaded';
    /** Alerts, after everything in flight was waited for. */
    readonly acknowledged: number;
    /** Batches that were not sent because the window was full. */
    readonly held: number;
    readonly latenciesMs: readonly number[];
    readonly cpuSeconds: number;
  }
  | {
    readonly said: 'came-back';
    readonly acknowledged: number;
    readonly seconds: number;
    readonly refused: number;
  }
  /** How many links had ended by themselves. */
  | { readonly said: 'closed'; readonly ended: number };

export type Said<K extends Answer['said']> = Extract<Answer, { readonly said: K }>;
