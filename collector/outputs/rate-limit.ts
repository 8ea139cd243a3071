/** A bucket of one minute's worth; 0 a minute is no limit. Fills by the clock, and never beyond. */
const MINUTE_MS = 60_000;

export class RateLimit {
  readonly #perMinute: number;
  #tokens: number;
  #atMs: number;

  constructor(perMinute: number, nowMs: number) {
    this.#perMinute = perMinute;
    this.#tokens = perMinute;
    this.#atMs = nowMs;
  }

  take(nowMs: number): boolean {
    if (this.#perMinute === 0) return true;
    // A clock that was set back fills nothing.
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#tokens = Math.min(
      this.#perMinute,
      this.#tokens + passedMs * this.#perMinute / MINUTE_MS,
    );
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
