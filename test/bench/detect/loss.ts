import type { FalcoEvent } from '../../../agent/source/event.ts';

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

/** Each event is lost by itself, as from a full ring buffer; nobody is told of it. */
export function dropAtRandom(
  events: readonly FalcoEvent[],
  share: number,
  seed: number,
): readonly FalcoEvent[] {
  const random = seededRandom(seed);
  return events.filter(() => random() >= share);
}
