import type { Cancel, Clock } from './source/clock.ts';

/** What an agent does again and again. The next time is set before the work, which may throw. */
export class Rounds {
  readonly #clock: Clock;
  readonly #timers: Cancel[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  every(delayMs: number, run: () => void): void {
    const slot = this.#timers.length;
    const next = (): void => {
      this.#timers[slot] = this.#clock.after(delayMs, () => {
        next();
        run();
      });
    };
    next();
  }

  stop(): void {
    for (const cancel of this.#timers) cancel();
  }
}
