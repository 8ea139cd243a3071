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
      this.#set(timeNs);
      return 'in-order';
    }
    const nowNs = this.nowNs();
    const aheadNs = timeNs - nowNs;
    if (aheadNs > JUMP_NS || aheadNs < -JUMP_NS) {
      this.jumps += 1;
      this.#newestNs = timeNs;
      this.#set(timeNs);
      return 'jump';
    }
    // Also a late event proves that the source lives: idle time starts anew.
    this.#set(timeNs > nowNs ? timeNs : nowNs);
    if (timeNs < this.#newestNs) {
      this.late += 1;
      return 'late';
    }
    this.#newestNs = timeNs;
    return 'in-order';
  }

  /** Zero until the first event: nothing is open yet that could close. */
  nowNs(): bigint {
    if (this.#newestNs === null) return 0n;
    const idleMs = Math.min(this.#monotonicMs() - this.#baseAtMs, IDLE_ADVANCE_MS);
    return this.#baseNs + BigInt(Math.max(0, Math.floor(idleMs))) * NS_PER_MS;
  }

  newestNs(): bigint | null {
    return this.#newestNs;
  }

  #set(timeNs: bigint): void {
    this.#baseNs = timeNs;
    this.#baseAtMs = this.#monotonicMs();
  }
}
