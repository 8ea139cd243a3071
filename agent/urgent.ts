/**
 * Alerts that do not wait for the next taking: written and sent in the turn of the event that made
 * them high or critical. Each is a synced write, so there is at most one in `URGENT_MS`; in a flood
 * those that come meanwhile are one write at its end.
 */
import type { Alert } from '../baseline/alert.ts';
import type { Cancel, Clock } from './source/clock.ts';

/** From the end of one write to the next: events are worked through even on a slow disk. */
export const URGENT_MS = 10;

export type UrgentOptions = {
  readonly clock: Clock;
  readonly take: () => readonly Alert[];
  readonly raise: (alerts: readonly Alert[]) => void;
};

export class Urgent {
  readonly #options: UrgentOptions;
  #notBeforeMs = -Infinity;
  #waiting: Cancel | null = null;

  constructor(options: UrgentOptions) {
    this.#options = options;
  }

  /** After every batch of events; nearly always there is nothing. */
  look(): void {
    if (this.#waiting !== null) return;
    const { clock, take, raise } = this.#options;
    const waitMs = this.#notBeforeMs - clock.nowMs();
    if (waitMs > 0) {
      this.#waiting = clock.after(waitMs, () => {
        this.#waiting = null;
        this.look();
      });
      return;
    }
    const alerts = take();
    if (alerts.length === 0) return;
    raise(alerts);
    this.#notBeforeMs = clock.nowMs() + URGENT_MS;
  }

  stop(): void {
    this.#waiting?.();
    this.#waiting = null;
  }
}
