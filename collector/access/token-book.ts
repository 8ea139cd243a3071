import type { Clock } from '../clock.ts';
import type { AccessStore, StoredToken, TokenInsertion } from './access-store.ts';
import type { Grant, Principal } from './principal.ts';
import { Remembered } from './remembered.ts';
import { isSame, hashOf, makeToken, opaqueIdOf, tokenIdOf } from './secret-text.ts';

/**
 * Tokens: who one stands for, made, listed, revoked. Each use looks at the store at most once a
 * second, so a revocation holds everywhere within `CACHE_MS`; at once on the replica that did it.
 */
export const CACHE_MS = 1_000;
const CACHE_MAX = 2_000;
/** The list says when a token was last used, to the minute. */
const TOUCH_MS = 60_000;
const TOKENS_LISTED_MAX = 2_000;
export const BOOTSTRAP = 'bootstrap';
export const TOKEN_DAYS_DEFAULT = 90;

export type TokenRefusal = 'wrong-token' | 'token-expired' | 'token-revoked';

export type TokenCheck =
  | { readonly ok: true; readonly token: StoredToken; readonly principal: Principal }
  | { readonly ok: false; readonly reason: TokenRefusal };

export type NewToken = {
  readonly name: string;
  readonly grants: readonly Grant[];
  /** 0 for never. */
  readonly expiresAtMs: number;
};

export type Created =
  | { readonly ok: true; readonly token: StoredToken; readonly text: string }
  | { readonly ok: false; readonly reason: Exclude<TokenInsertion, 'inserted'> };

export type TokenBookOptions = {
  readonly store: AccessStore;
  readonly clock: Clock;
  /** A use that was not noted: nothing depends on it. */
  readonly onTrouble: (error: unknown) => void;
};

export class TokenBook {
  readonly #options: TokenBookOptions;
  readonly #read: Remembered<StoredToken>;
  readonly #touched: Remembered<true>;

  constructor(options: TokenBookOptions) {
    const now = (): number => options.clock.now();
    this.#options = options;
    this.#read = new Remembered({ ttlMs: CACHE_MS, max: CACHE_MAX, now });
    this.#touched = new Remembered({ ttlMs: TOUCH_MS, max: CACHE_MAX, now });
  }

  /** Was good lately: whoever holds it is not shut out by a neighbour who guesses. */
  isKnown(text: string): boolean {
    return this.#read.has(idOf(text));
  }

  async check(text: string): Promise<TokenCheck> {
    const id = idOf(text);
    const token = this.#read.get(id) ?? await this.#options.store.readToken(id);
    if (token === undefined || !isSame(token.hash, hashOf(text))) {
      return { ok: false, reason: 'wrong-token' };
    }
    this.#read.set(id, token);
    return this.#judge(token);
  }

  /** For sessions, which name the token that they were opened with. */
  async checkId(id: string): Promise<TokenCheck> {
    const token = this.#read.get(id) ?? await this.#options.store.readToken(id);
    if (token === undefined) return { ok: false, reason: 'wrong-token' };
    this.#read.set(id, token);
    return this.#judge(token);
  }

  async create({ name, grants, expiresAtMs }: NewToken, by: string): Promise<Created> {
    const secret = makeToken();
    const token = this.#stored({ id: secret.id, name, hash: secret.hash, grants, expiresAtMs }, by);
    const audit = this.#auditOf('create', token, by);
    const inserted = await this.#options.store.insertToken(token, audit);
    return inserted === 'inserted'
      ? { ok: true, token, text: secret.text }
      : { ok: false, reason: inserted };
  }

  /** The text of a file on this machine, as admin; what was revoked stays revoked. */
  async adopt(text: string, { supersedes }: { readonly supersedes: boolean }): Promise<string> {
    const { store } = this.#options;
    const id = idOf(text);
    if (await store.readToken(id) === undefined) {
      const grants = [{ role: 'admin', namespaces: 'all' }] as const;
      const token = this.#stored({ id, name: BOOTSTRAP, hash: hashOf(text), grants,
        expiresAtMs: 0 }, 'collector');
      // Two replicas with one file: the other one was faster, which is as good.
      await store.insertToken(token, this.#auditOf('create', token, 'collector'));
    }
    if (!supersedes) return id;
    const others = (await store.listTokens(TOKENS_LISTED_MAX)).filter((token) =>
      token.name === BOOTSTRAP && token.id !== id && token.revokedAtMs === 0);
    for (const other of others) await this.revoke(other.id, 'collector');
    return id;
  }

  list(): Promise<readonly StoredToken[]> {
    return this.#options.store.listTokens(TOKENS_LISTED_MAX);
  }

  async revoke(id: string, by: string): Promise<boolean> {
    const { store } = this.#options;
    const token = await store.readToken(id);
    const isRevoked = token !== undefined &&
      await store.revokeToken(id, this.#auditOf('revoke', token, by));
    this.#read.delete(id);
    return isRevoked;
  }

  #judge(token: StoredToken): TokenCheck {
    const nowMs = this.#options.clock.now();
    if (token.revokedAtMs > 0) return { ok: false, reason: 'token-revoked' };
    if (token.expiresAtMs > 0 && token.expiresAtMs <= nowMs) {
      return { ok: false, reason: 'token-expired' };
    }
    if (nowMs - token.lastUsedAtMs >= TOUCH_MS && this.#touched.get(token.id) === undefined) {
      this.#touched.set(token.id, true);
      this.#options.store.touchToken(token.id, nowMs).catch(this.#options.onTrouble);
    }
    return { ok: true, token, principal: principalOfToken(token) };
  }

  #stored(
    fields: Pick<StoredToken, 'id' | 'name' | 'hash' | 'grants' | 'expiresAtMs'>,
    createdBy: string,
  ): StoredToken {
    const createdAtMs = this.#options.clock.now();
    return { ...fields, createdBy, createdAtMs, lastUsedAtMs: 0, revokedAtMs: 0, revokedBy: '' };
  }

  #auditOf(step: 'create' | 'revoke', token: StoredToken, actor: string) {
    const { id, name, grants, expiresAtMs } = token;
    return {
      atMs: this.#options.clock.now(),
      actor,
      action: `token.${step}`,
      subject: id,
      detail: { name, grants, expiresAtMs },
    };
  }
}

const idOf = (text: string): string => tokenIdOf(text) ?? opaqueIdOf(text);

/** A token is a machine, also when a person carries it: nobody vouches for who that is. */
const principalOfToken = ({ name, grants }: StoredToken): Principal =>
  ({ name: `token:${name}`, kind: 'machine', grants });
