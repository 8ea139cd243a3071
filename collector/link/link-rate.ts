/**
 * How much one agent may send. Two leaky buckets, for frames and for bytes: what it sends fills
 * them, time empties them. Above the burst the collector stops reading from it until the bucket is
 * down again, and the agent's alerts wait in its outbox. Reading on its own terms, an agent cannot
 * get further; one that goes on (by connecting again and again) is refused above `EXCESS` bursts.
 * A bucket outlives its link, or a reconnect would be a way to empty it.
 */
export const BURST_SECONDS = 10;
export const EXCESS = 4;
/** Of one agent, beside one that is being replaced and one that has not noticed its end. */
export const RATES_MAX = 10_000;

export type RateLimits = { readonly framesPerSecond: number; readonly bytesPerSecond: number };

/** 20,000 alerts a second in full batches, and 64 Mbit/s. */
export const RATE_LIMITS: RateLimits = { framesPerSecond: 400, bytesPerSecond: 8 * 1_024 * 1_024 };

export type Taken =
  | { readonly kind: 'go' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'excess' };

class Bucket {
  readonly #perSecond: number;
  #level = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  get isEmpty(): boolean {
    return this.#level === 0;
  }

  drain(seconds: number): void {
    this.#level = Math.max(0, this.#level - seconds * this.#perSecond);
  }

  /** Seconds until the level is at the burst again; above the burst in bursts. */
  add(amount: number): { readonly waitSeconds: number; readonly bursts: number } {
    this.#level += amount;
    const burst = this.#perSecond * BURST_SECONDS;
    return {
      waitSeconds: Math.max(0, this.#level - burst) / this.#perSecond,
      bursts: this.#level / burst,
    };
  }
}

export class LinkRate {
  readonly #frames: Bucket;
  readonly #bytes: Bucket;
  #atMs: number;

  constructor({ framesPerSecond, bytesPerSecond }: RateLimits, nowMs: number) {
    this.#frames = new Bucket(framesPerSecond);
    this.#bytes = new Bucket(bytesPerSecond);
    this.#atMs = nowMs;
  }

  take(bytes: number, nowMs: number): Taken {
    this.#drain(nowMs);
    const frames = this.#frames.add(1);
    const amount = this.#bytes.add(bytes);
    if (Math.max(frames.bursts, amount.bursts) > EXCESS) return { kind: 'excess' };
    const seconds = Math.max(frames.waitSeconds, amount.waitSeconds);
    return seconds > 0 ? { kind: 'wait', ms: Math.ceil(seconds * 1_000) } : { kind: 'go' };
  }

  /** Says no more than a new one would. */
  isEmpty(nowMs: number): boolean {
    this.#drain(nowMs);
    return this.#frames.isEmpty && this.#bytes.isEmpty;
  }

  #drain(nowMs: number): void {
    // A clock that was set back empties nothing.
    const seconds = Math.max(0, nowMs - this.#atMs) / 1_000;
    this.#atMs = nowMs;
    this.#frames.drain(seconds);
    this.#bytes.drain(seconds);
  }
}

/** One for each agent, as long as it says something. */
export class LinkRates {
  readonly #limits: RateLimits;
  readonly #rates = new Map<string, LinkRate>();

  constructor(limits: RateLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#rates.size;
  }

  of(agent: string, nowMs: number): LinkRate {
    const known = this.#rates.get(agent);
    if (known !== undefined) return known;
    if (this.#rates.size >= RATES_MAX) this.#makeRoom(nowMs);
    const rate = new LinkRate(this.#limits, nowMs);
    this.#rates.set(agent, rate);
    return rate;
  }

  /** The empty ones; when there are none, the one that was made first. */
  #makeRoom(nowMs: number): void {
    for (const [agent, rate] of this.#rates) if (rate.isEmpty(nowMs)) this.#rates.delete(agent);
    const [oldest] = this.#rates.keys();
    if (oldest !== undefined && this.#rates.size >= RATES_MAX) this.#rates.delete(oldest);
  }
}
