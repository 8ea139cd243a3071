/**
 * What time it is for the events. Windows and waits run on the events' own time, so that a replay
 * at any speed and a backlog after an outage are judged like live traffic; while nothing comes,
 * the clock goes on with the monotonic clock, so that what is open still closes.
 *
 * An event that is off by more than `JUMP_MS` is not late or early, it is another time (an NTP
 * step, a backlog, the next recording): the clock is set anew, forwards or backwards, and says so.
 * A stale event alone costs two jumps and nothing else.
 */

export const JUMP_MS = 600_000;
/** A source may be cut off without telling; far beyond this its backlog would all look late. */
export const IDLE_ADVANCE_MS = 600_000;

const NS_PER_MS = 1_000_000n;
const JUMP_NS = BigInt(JUMP_MS) * NS_PER_MS;
const BACK_NS = -JUMP_NS;

export type Seen = 'in-order' | 'late' | 'jump';

export class EventClock {
  readonly #monotonicMs: () => number;
  #newestNs: bigint | null = null;
  /** Clock reading at `#baseAtMs`; ahead of the newest event while the source is quiet. */
  #baseNs = 0n;
  #baseAtMs = 0;
  late = 0;
  jumps = 0;

  /** `monotonicMs` never goes back, whatever happens to the wall clock. */
  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  see(timeNs: bigint): Seen {
    if (this.#newestNs === null) {
      this.#newestNs = timeNs;
      this.#set(timeNs, this.#monotonicMs());
      return 'in-order';
    }
    const nowMs = this.#monotonicMs();
    const nowNs = this.#at(nowMs);
    const aheadNs = timeNs - nowNs;
    if (aheadNs > JUMP_NS || aheadNs < BACK_NS) {
      this.jumps += 1;
      this.#newestNs = timeNs;
      this.#set(timeNs, nowMs);
      return 'jump';
    }
    // Also a late event proves that the source lives: idle time starts anew.
    this.#set(aheadNs > 0n ? timeNs : nowNs, nowMs);
    if (timeNs < this.#newestNs) {
      this.late += 1;
      return 'late';
    }
    this.#newestNs = timeNs;
    return 'in-order';
  }

  /** Zero until the first event: nothing is open yet that could close. */
  nowNs(): bigint {
    return this.#newestNs === null ? 0n : this.#at(this.#monotonicMs());
  }

  #at(monotonicMs: number): bigint {
    const idleMs = Math.min(monotonicMs - this.#baseAtMs, IDLE_ADVANCE_MS);
    // Nearly always, between events: then no number is made.
    return idleMs < 1 ? this.#baseNs : this.#baseNs + BigInt(Math.floor(idleMs)) * NS_PER_MS;
  }

  newestNs(): bigint | null {
    return this.#newestNs;
  }

  #set(timeNs: bigint, monotonicMs: number): void {
    this.#baseNs = timeNs;
    this.#baseAtMs = monotonicMs;
  }
}
