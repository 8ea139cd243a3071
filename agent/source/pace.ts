/**
 * Replays at the rhythm of the recording, `speed` times as fast. Where event time jumps ahead
 * (a pause in the recording, a clock that was set) the wait is cut and the rhythm starts anew from
 * there; where it goes back, nothing waits.
 */
export const PAUSE_MS_MAX = 5_000;

export class Pace {
  readonly #speed: number;
  #startMs = 0;
  #startNs = -1n;

  /** `Infinity`: as fast as possible. */
  constructor(speed: number) {
    this.#speed = speed;
  }

  /** How long to wait before the event of that time, seen from `nowMs`. */
  delayMs(timeNs: bigint, nowMs: number): number {
    if (this.#speed === Infinity) return 0;
    if (this.#startNs < 0n) this.#anew(timeNs, nowMs);
    // Micro-seconds are enough for waiting, and stay exact as a number for 285 years.
    const recordedMs = Number((timeNs - this.#startNs) / 1_000n) / 1_000;
    const delayMs = this.#startMs + recordedMs / this.#speed - nowMs;
    if (delayMs <= PAUSE_MS_MAX) return Math.max(0, delayMs);
    this.#anew(timeNs, nowMs + PAUSE_MS_MAX);
    return PAUSE_MS_MAX;
  }

  #anew(timeNs: bigint, atMs: number): void {
    this.#startNs = timeNs;
    this.#startMs = atMs;
  }
}

/** Below that a timer is late by more than it waits; events closer together go as one batch. */
export const PAUSE_MS_MIN = 1;
