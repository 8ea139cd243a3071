/**
 * One Falco output, the same whether it came over gRPC, HTTP or from a file. `<NA>`, `null`,
 * absent and string/number differences end here: a field that has no value is not in `fields`,
 * every value is text (`"0"`, `"true"`), and every text has passed the text door.
 */
export type Priority =
  | 'emergency'
  | 'alert'
  | 'critical'
  | 'error'
  | 'warning'
  | 'notice'
  | 'informational'
  | 'debug';

export type FalcoEvent = {
  /** Nanoseconds since 1970, exact. */
  readonly timeNs: bigint;
  readonly rule: string;
  readonly priority: Priority;
  /** `syscall`, `internal` (drops, metrics snapshots), or a plugin's name. */
  readonly source: string;
  readonly hostname: string;
  readonly tags: readonly string[];
  readonly fields: ReadonlyMap<string, string>;
};

/** Why an event was refused; a closed set, so that it can be a metric's label. */
export type MalformedReason =
  | 'truncated'
  | 'too-large'
  | 'wire-format'
  | 'not-json'
  | 'not-falco'
  | 'bad-time'
  | 'bad-field';

export type Decoded =
  | { readonly ok: true; readonly event: FalcoEvent }
  | { readonly ok: false; readonly reason: MalformedReason };

/**
 * What every source hands on. Events come in arrays, so that nothing downstream is asynchronous
 * per event; `onGap` tells that the picture has a hole (a Falco restart, a drop report).
 */
export type SourceSink = {
  onEvents(events: readonly FalcoEvent[]): void;
  onMalformed(reason: MalformedReason): void;
  onGap(gap: Gap): void;
  onState(state: SourceState): void;
};

export type Gap = {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly cause: 'falco-drop' | 'falco-restart' | 'falco-silent' | 'overload';
  /** Lost events, as far as anybody knows; -1 when nobody does. */
  readonly eventsEstimate: number;
};

export type SourceState =
  | { readonly state: 'connecting'; readonly detail: string }
  | { readonly state: 'streaming'; readonly detail: string }
  | { readonly state: 'disconnected'; readonly detail: string }
  | { readonly state: 'ended'; readonly detail: string };

export type Source = {
  start(): void;
  /** Resolves when nothing of the source is left: no socket, no timer, no open file. */
  stop(): Promise<void>;
};
