/**
 * From the flow ledger to the disk. While the outbox cannot be written, `CHUNKS_HELD_MAX` chunks
 * wait in memory; beyond, the oldest go, and a gap says which minutes are not whole.
 */
import { rfc3339 } from '../baseline/episode/time.ts';
import type { FlowChunk, GapRecord } from '../proto/lanner/v1/frames.ts';
import type { Outbox } from './outbox/outbox.ts';
import type { Raising } from './raising.ts';

export const CHUNKS_HELD_MAX = 64;
const NS_PER_MS = 1_000_000n;
const MINUTE_MS = 60_000;

export class ShippingFlows {
  readonly #outbox: Pick<Outbox, 'putFlows'>;
  readonly #raising: Pick<Raising, 'guard' | 'raiseGap'>;
  #held: readonly FlowChunk[] = [];
  /** Connections that the ledger had no room for, when it was last told. */
  #droppedTold = 0;

  constructor(outbox: Pick<Outbox, 'putFlows'>, raising: Pick<Raising, 'guard' | 'raiseGap'>) {
    this.#outbox = outbox;
    this.#raising = raising;
  }

  /** True when something new is on disk; `dropped` is the ledger's count. */
  ship(chunks: readonly FlowChunk[], dropped: number): boolean {
    const all = [...this.#held, ...chunks];
    if (all.length === 0) return false;
    if (dropped > this.#droppedTold) {
      this.#raising.raiseGap(gapOf(all, dropped - this.#droppedTold));
      this.#droppedTold = dropped;
    }
    if (this.#raising.guard(() => this.#outbox.putFlows(all))) {
      this.#held = [];
      return true;
    }
    const lost = all.slice(0, Math.max(0, all.length - CHUNKS_HELD_MAX));
    if (lost.length > 0) this.#raising.raiseGap(gapOf(lost, connectionsIn(lost)));
    this.#held = all.slice(lost.length);
    return false;
  }
}

const connectionsIn = (chunks: readonly FlowChunk[]): number =>
  chunks.flatMap(({ flows }) => flows).reduce((sum, { count }) => sum + count, 0);

function gapOf(chunks: readonly FlowChunk[], eventsEstimate: number): GapRecord {
  const minutes = chunks.flatMap(({ minute, watched }) =>
    [minute, minute + MINUTE_MS, ...watched === null ? [] : [watched.from, watched.to]]);
  const timeText = (ms: number): string => rfc3339(BigInt(ms) * NS_PER_MS);
  return {
    from: timeText(Math.min(...minutes)),
    to: timeText(Math.max(...minutes)),
    cause: 'flows-dropped',
    eventsEstimate,
  };
}
