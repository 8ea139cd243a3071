/**
 * The flow ledger of a node: who connected where, per minute of event time. Every connection that
 * was observed is in it once, whether it was judged or only counted (`agent/repeating.ts`).
 *
 * A minute is closed `GRACE_MS` after its end; what comes later for it makes another flow of that
 * minute, and the two add up. With the closed minutes goes the time that was watched: a node that
 * reports nothing and a node on which nobody looked are different answers. In a crash the open
 * minutes are lost, and their time is then not among what was watched.
 *
 * Bounds: `flow-minute.ts` per minute, `MINUTES_MAX` open at once (clocks that disagree); beyond,
 * the oldest is closed.
 */
import type { Observation } from '../../baseline/observation.ts';
import type { FlowChunk } from '../../proto/lanner/v1/frames.ts';
import { chunksOf } from './chunks.ts';
import { FlowMinute } from './flow-minute.ts';
import { isLoopback, sightingOf } from './sighting.ts';

export const MINUTE_MS = 60_000;
export const GRACE_MS = 5_000;
export const MINUTES_MAX = 8;
/** A clock that moves by more was set: what lies between was not watched. */
const JUMP_MS = 15 * MINUTE_MS;
const NS_PER_MS = 1_000_000n;

export type FlowCounts = {
  /** Connections in flows, open ones and those that were taken. */
  readonly counted: number;
  /** Part of `counted`: without their remote address, because there were too many. */
  readonly folded: number;
  readonly loopback: number;
  /** Beyond every bound. */
  readonly dropped: number;
};

export class FlowLedger {
  readonly #minutes = new Map<number, FlowMinute>();
  readonly #closed: FlowChunk[] = [];
  #last: { readonly start: number; readonly minute: FlowMinute } | null = null;
  /** Up to where the time is told, once there was an event. */
  #watchedTo: number | null = null;
  #counted = 0;
  #folded = 0;
  #loopback = 0;
  #dropped = 0;

  note(observation: Observation): void {
    const seen = sightingOf(observation);
    if (seen === null) return;
    if (isLoopback(seen.remoteAddress)) {
      this.#loopback += 1;
      return;
    }
    const atMs = Number(observation.timeNs / NS_PER_MS);
    this.#counted += 1;
    this.#minuteOf(atMs - atMs % MINUTE_MS).add(observation, seen, atMs);
  }

  /** What was closed by `nowNs`, of the clock of events; 0 before the first. */
  take(nowNs: bigint): readonly FlowChunk[] {
    if (nowNs === 0n) return [];
    const nowMs = Number(nowNs / NS_PER_MS);
    const from = this.#watchedTo;
    if (from === null) {
      this.#watchedTo = nowMs;
      return this.#taken();
    }
    if (nowMs < from - JUMP_MS || nowMs > from + JUMP_MS) {
      this.#closeBefore(Infinity);
      this.#watchedTo = nowMs;
      return this.#taken();
    }
    const before = nowMs - GRACE_MS;
    const to = before - before % MINUTE_MS;
    if (to <= from) return this.#taken();
    return this.#tell(from, to);
  }

  /** Everything; nothing is watched after it. */
  end(nowNs: bigint): readonly FlowChunk[] {
    const early = this.take(nowNs);
    const from = this.#watchedTo;
    const to = Number(nowNs / NS_PER_MS);
    if (from === null || to <= from) {
      this.#closeBefore(Infinity);
      return [...early, ...this.#taken()];
    }
    return [...early, ...this.#tell(from, to, Infinity)];
  }

  counts(): FlowCounts {
    return {
      counted: this.#counted - this.#dropped,
      folded: this.#folded,
      loopback: this.#loopback,
      dropped: this.#dropped,
    };
  }

  /** The time goes with the last chunk: before it is there, nobody may claim to have seen all. */
  #tell(from: number, to: number, before = to): readonly FlowChunk[] {
    this.#closeBefore(before);
    this.#watchedTo = to;
    const chunks = this.#taken();
    const last = chunks.at(-1) ?? { minute: to - to % MINUTE_MS, actors: [], flows: [] };
    return [...chunks.slice(0, -1), { ...last, watched: { from, to } }];
  }

  #taken(): readonly FlowChunk[] {
    return this.#closed.splice(0);
  }

  #minuteOf(start: number): FlowMinute {
    if (this.#last?.start === start) return this.#last.minute;
    let minute = this.#minutes.get(start);
    if (minute === undefined) {
      if (this.#minutes.size >= MINUTES_MAX) this.#close(Math.min(...this.#minutes.keys()));
      minute = new FlowMinute();
      this.#minutes.set(start, minute);
    }
    this.#last = { start, minute };
    return minute;
  }

  #closeBefore(before: number): void {
    const starts = [...this.#minutes.keys()].toSorted((left, right) => left - right);
    for (const start of starts) {
      // A minute that lies far ahead was begun by a clock that was set back since.
      if (start < before || start > before + JUMP_MS) this.#close(start);
    }
  }

  #close(start: number): void {
    const minute = this.#minutes.get(start);
    if (minute === undefined) return;
    this.#minutes.delete(start);
    if (this.#last?.start === start) this.#last = null;
    this.#folded += minute.folded;
    this.#dropped += minute.dropped;
    this.#closed.push(...chunksOf(start, minute.flows()));
  }
}
