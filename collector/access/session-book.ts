import type { Clock } from '../clock.ts';
import type { AccessStore, Holder, StoredSession } from './access-store.ts';
import { Remembered } from './remembered.ts';
import { hashOf, makeCodeText, makeSecret } from './secret-text.ts';

/**
 * Sessions of browsers: an opaque random secret in a cookie, its hash in the store. Each sign-in
 * makes a new one and takes nothing from the request, so there is nothing to fixate. They end when
 * they are idle, when they are old, with their token, and when somebody signs out.
 */
const SESSION_CACHE_MS = 1_000;
const CACHE_MAX = 2_000;
const TOUCH_MS = 60_000;
const SESSIONS_MAX = 5_000;
const SESSIONS_PER_HOLDER_MAX = 20;
/** A one-time code: from a terminal to the browser beside it. */
const CODE_MS = 5 * 60_000;
const CODES_MAX = 100;

export type SessionLimits = { readonly idleMs: number; readonly absoluteMs: number };

export type SessionBookOptions = {
  readonly store: AccessStore;
  readonly clock: Clock;
  readonly limits: SessionLimits;
  readonly onTrouble: (error: unknown) => void;
};

export type Opened =
  | { readonly ok: true; readonly secret: string; readonly session: StoredSession }
  | { readonly ok: false; readonly reason: 'too-many-sessions' };

export class SessionBook {
  readonly #options: SessionBookOptions;
  readonly #read: Remembered<StoredSession>;
  readonly #touched: Remembered<true>;

  constructor(options: SessionBookOptions) {
    const now = (): number => options.clock.now();
    this.#options = options;
    this.#read = new Remembered({ ttlMs: SESSION_CACHE_MS, max: CACHE_MAX, now });
    this.#touched = new Remembered({ ttlMs: TOUCH_MS, max: CACHE_MAX, now });
  }

  /** `untilMs`: of the credential that it was opened with; 0 when that never ends. */
  async open(holder: Holder, untilMs: number): Promise<Opened> {
    const { store, clock, limits } = this.#options;
    const nowMs = clock.now();
    const secret = makeSecret();
    const absoluteMs = nowMs + limits.absoluteMs;
    const session = {
      hash: hashOf(secret),
      holder,
      createdAtMs: nowMs,
      lastSeenAtMs: nowMs,
      expiresAtMs: untilMs > 0 ? Math.min(untilMs, absoluteMs) : absoluteMs,
    };
    const isOpen = await store.insertSession(session, {
      perHolder: SESSIONS_PER_HOLDER_MAX,
      inAll: SESSIONS_MAX,
    });
    return isOpen ? { ok: true, secret, session } : { ok: false, reason: 'too-many-sessions' };
  }

  /** Was good lately. */
  isKnown(secret: string): boolean {
    return this.#read.has(hashOf(secret));
  }

  /** Undefined when there is none, or it is over; those two look the same on purpose. */
  async find(secret: string, isPassive = false): Promise<StoredSession | undefined> {
    const { store, clock } = this.#options;
    const hash = hashOf(secret);
    const session = this.#read.get(hash) ?? await store.readSession(hash);
    if (session === undefined) {
      this.#read.delete(hash);
      return undefined;
    }
    const nowMs = clock.now();
    const idleMs = nowMs - session.lastSeenAtMs;
    if (nowMs >= session.expiresAtMs || idleMs >= this.#options.limits.idleMs) {
      await this.end(secret);
      return undefined;
    }
    this.#read.set(hash, session);
    if (!isPassive && idleMs >= TOUCH_MS && this.#touched.get(hash) === undefined) {
      this.#touched.set(hash, true);
      store.touchSession(hash, nowMs).catch(this.#options.onTrouble);
    }
    return session;
  }

  async end(secret: string): Promise<boolean> {
    const hash = hashOf(secret);
    this.#read.delete(hash);
    return this.#options.store.deleteSession(hash);
  }

  async makeCode(
    tokenId: string,
  ): Promise<{ readonly code: string; readonly expiresAtMs: number }> {
    const { store, clock } = this.#options;
    const code = makeCodeText();
    const expiresAtMs = clock.now() + CODE_MS;
    await store.insertCode({ hash: hashOf(code), tokenId, expiresAtMs }, CODES_MAX);
    return { code, expiresAtMs };
  }

  takeCode(code: string): Promise<string | undefined> {
    return this.#options.store.takeCode(hashOf(code), this.#options.clock.now());
  }
}
