import type { FalcoEvent } from '../../../agent/source/event.ts';

/** What a detector said, reduced to what the comparison needs; the same for all of them. */
export type BenchAlert = {
  /** Revisions of one alert share it. */
  readonly id: string;
  /** Empty for what belongs to the node and to no pod. */
  readonly pod: string;
  /** `repository:tag` */
  readonly image: string;
  readonly informational: boolean;
  /** Times of the events it rests on. */
  readonly eventMs: readonly number[];
  /** Time of the event at which it was said (with this revision). */
  readonly saidMs: number;
  readonly channels: readonly string[];
  readonly text: string;
};

export type DetectorRun = {
  /** Every revision of every alert, in the order said. */
  readonly alerts: readonly BenchAlert[];
};

/** The two spans, in milliseconds since 1970. */
export type Spans = { readonly trainStartMs: number; readonly testStartMs: number };

export type Detector = {
  readonly name: string;
  run(events: readonly FalcoEvent[], spans: Spans): DetectorRun;
};
