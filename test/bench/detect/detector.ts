import type { FalcoEvent } from '../../../agent/source/event.ts';

/** What a detector said, reduced to what the comparison needs; the same for Lanner and its peers. */
export type BenchAlert = {
  readonly id: string;
  readonly pod: string;
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
  /** Seconds from the first event until each image was complete; null where it never was. */
  readonly learned: ReadonlyMap<string, number | null>;
};

export type Detector = {
  readonly name: string;
  run(events: readonly FalcoEvent[], testStartMs: number): DetectorRun;
};

/** Deterministic generator (mulberry32), so that a run with loss can be repeated. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function dropAtRandom(
  events: readonly FalcoEvent[],
  share: number,
  seed: number,
): readonly FalcoEvent[] {
  if (share === 0) return events;
  const random = seededRandom(seed);
  return events.filter(() => random() >= share);
}
