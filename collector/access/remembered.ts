/**
 * What was read lately, so that a busy client is not a read of the store per request. An entry is
 * believed for `ttlMs` — that is how long another replica's revocation may take — and stays known
 * until room is needed: the one used longest ago goes first.
 */
export type RememberedOptions = {
  readonly ttlMs: number;
  readonly max: number;
  readonly now: () => number;
};

export class Remembered<T> {
  readonly #options: RememberedOptions;
  readonly #entries = new Map<string, { readonly value: T; readonly atMs: number }>();

  constructor(options: RememberedOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const ageMs = this.#options.now() - entry.atMs;
    // A clock that was set back makes nothing young.
    return ageMs >= 0 && ageMs < this.#options.ttlMs ? entry.value : undefined;
  }

  /** Also when it has to be read again. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  set(key: string, value: T): void {
    const { max, now } = this.#options;
    this.#entries.delete(key);
    this.#entries.set(key, { value, atMs: now() });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > max && oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
