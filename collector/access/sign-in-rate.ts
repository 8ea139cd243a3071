/**
 * How often one address, and all of them together, may get a credential wrong. Each try takes one
 * from both buckets and a good one gives it back, so that people who sign in cost nothing. Secrets
 * of 256 bits are not guessed; this bounds the work and the noise. Bound: `ADDRESSES_MAX`; an
 * address that is pushed out of the map begins with a full bucket, and the common one still holds.
 */
export const ADDRESSES_MAX = 10_000;

export type RateTerms = { readonly burst: number; readonly perSecond: number };
export type SignInRateOptions = {
  readonly perAddress: RateTerms;
  readonly together: RateTerms;
  readonly now: () => number;
};

/** A person who mistypes, and a fleet of scripts with an old token. */
export const SIGN_IN_RATE = {
  perAddress: { burst: 10, perSecond: 1 / 6 },
  together: { burst: 100, perSecond: 5 },
} as const;
export const CREDENTIAL_RATE = {
  perAddress: { burst: 30, perSecond: 1 },
  together: { burst: 300, perSecond: 50 },
} as const;

class Bucket {
  readonly #terms: RateTerms;
  #left: number;
  #atMs: number;

  constructor(terms: RateTerms, nowMs: number) {
    this.#terms = terms;
    this.#left = terms.burst;
    this.#atMs = nowMs;
  }

  left(nowMs: number): number {
    const { burst, perSecond } = this.#terms;
    // A clock that was set back fills nothing.
    const seconds = Math.max(0, nowMs - this.#atMs) / 1_000;
    this.#atMs = nowMs;
    this.#left = Math.min(burst, this.#left + seconds * perSecond);
    return this.#left;
  }

  take(): void {
    this.#left -= 1;
  }

  giveBack(): void {
    this.#left = Math.min(this.#terms.burst, this.#left + 1);
  }
}

export class SignInRate {
  readonly #options: SignInRateOptions;
  readonly #together: Bucket;
  readonly #addresses = new Map<string, Bucket>();

  constructor(options: SignInRateOptions) {
    this.#options = options;
    this.#together = new Bucket(options.together, options.now());
  }

  get size(): number {
    return this.#addresses.size;
  }

  /** False: not now. Before the credential is looked at, so that many at once do not slip by. */
  take(address: string): boolean {
    const nowMs = this.#options.now();
    const bucket = this.#bucketOf(groupOf(address), nowMs);
    if (bucket.left(nowMs) < 1 || this.#together.left(nowMs) < 1) return false;
    bucket.take();
    this.#together.take();
    return true;
  }

  giveBack(address: string): void {
    this.#addresses.get(groupOf(address))?.giveBack();
    this.#together.giveBack();
  }

  #bucketOf(address: string, nowMs: number): Bucket {
    const known = this.#addresses.get(address);
    if (known !== undefined) return known;
    const bucket = new Bucket(this.#options.perAddress, nowMs);
    this.#addresses.set(address, bucket);
    const [oldest] = this.#addresses.keys();
    if (this.#addresses.size > ADDRESSES_MAX && oldest !== undefined) {
      this.#addresses.delete(oldest);
    }
    return bucket;
  }
}

/** Whoever has one address of IPv6 has 2^64 of them. */
export function groupOf(address: string): string {
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...Array.from({ length: zeros }, () => '0'), ...back];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::`;
}
