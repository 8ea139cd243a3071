import { gapCauses } from '../../proto/lanner/v1/frames.ts';
import type { GapCause, GapFrame } from '../../proto/lanner/v1/frames.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock } from '../source/clock.ts';

/**
 * Gap records have no acknowledgement. They stay in the outbox until the stream that carried them
 * has held for `CONFIRM_MS` longer; a cut before that sends them again, and the same gap twice is
 * one gap to the collector.
 */
export const CONFIRM_MS = 15_000;

export class GapSender {
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  /** Row → when it was sent on this stream. */
  readonly #sentAtMs = new Map<number, number>();

  constructor(outbox: Outbox, clock: Clock) {
    this.#outbox = outbox;
    this.#clock = clock;
  }

  sendAllAgain(): void {
    this.#sentAtMs.clear();
  }

  next(): GapFrame | null {
    for (const { row, document } of this.#outbox.gaps()) {
      if (this.#sentAtMs.has(row)) continue;
      this.#sentAtMs.set(row, this.#clock.nowMs());
      const frame = frameOf(document);
      if (frame !== null) return frame;
    }
    return null;
  }

  confirm(): void {
    const rows: number[] = [];
    for (const [row, sentAtMs] of this.#sentAtMs) {
      if (this.#clock.nowMs() - sentAtMs >= CONFIRM_MS) rows.push(row);
    }
    this.#outbox.removeGaps(rows);
    for (const row of rows) this.#sentAtMs.delete(row);
  }
}

/** The outbox is our own file, but an older agent may have written it. */
function frameOf(document: unknown): GapFrame | null {
  if (typeof document !== 'object' || document === null) return null;
  const { from, to, cause, eventsEstimate } = document as Record<string, unknown>;
  if (typeof from !== 'string' || typeof to !== 'string') return null;
  if (typeof eventsEstimate !== 'number' || !Number.isSafeInteger(eventsEstimate)) return null;
  if (!isCause(cause)) return null;
  return { kind: 'gap', from, to, cause, eventsEstimate };
}

const isCause = (cause: unknown): cause is GapCause =>
  gapCauses.some((known) => known === cause);
