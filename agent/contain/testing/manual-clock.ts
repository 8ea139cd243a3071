import type { Cancel, Clock } from '../../source/clock.ts';

const NS_PER_MS = 1_000_000n;

/** Time that moves when a test says so; timers fire in their order. */
export class ManualClock implements Clock {
  #ms = 0;
  readonly #startNs: bigint;
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  constructor(startMs: number = Date.UTC(2026, 0, 5)) {
    this.#startNs = BigInt(startMs) * NS_PER_MS;
  }

  nowMs(): number {
    return this.#ms;
  }

  nowNs(): bigint {
    return this.#startNs + BigInt(Math.round(this.#ms * 1_000)) * 1_000n;
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer = { atMs: this.#ms + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  soon(run: () => void): void {
    this.after(0, run);
  }

  /** Between two timers everything that waits for the first gets its turn. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#ms + ms;
    for (;;) {
      await settle();
      const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs)
        .toSorted((one, other) => one.atMs - other.atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#ms = Math.max(this.#ms, due.atMs);
      due.run();
    }
    this.#ms = untilMs;
    await settle();
  }
}

/** Promises and short reads of files come to their end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
