import type { Clock } from './clock.ts';

/**
 * Lets one line per key and interval through, and says how many were held back since: what
 * outsiders can cause must not fill the disk with logs. Keys are ours, a closed set.
 */
const INTERVAL_MS = 10_000;

export class LogGate {
  readonly #clock: Clock;
  readonly #seen = new Map<string, { untilMs: number; suppressed: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined: be silent. Otherwise how many lines were suppressed since the last. */
  open(key: string): number | undefined {
    const nowMs = this.#clock.now();
    const known = this.#seen.get(key);
    // Not while the clock was set back.
    if (known !== undefined && nowMs < known.untilMs && known.untilMs - nowMs <= INTERVAL_MS) {
      known.suppressed += 1;
      return undefined;
    }
    this.#seen.set(key, { untilMs: nowMs + INTERVAL_MS, suppressed: 0 });
    return known?.suppressed ?? 0;
  }
}
