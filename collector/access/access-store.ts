import type { AuditEntry } from '../respond/response-store.ts';
import type { Grant } from './principal.ts';

/** What this room asks of the store. Secrets are never in it: only their SHA-256. */
export type StoredToken = {
  /** In the token itself, so that one read finds it. Not a secret. */
  readonly id: string;
  readonly name: string;
  /** Hex of SHA-256 over the whole text of the token. */
  readonly hash: string;
  readonly grants: readonly Grant[];
  readonly createdBy: string;
  readonly createdAtMs: number;
  /** 0 for never. */
  readonly expiresAtMs: number;
  /** 0 for not yet; behind by up to a minute. */
  readonly lastUsedAtMs: number;
  /** 0 while it holds. */
  readonly revokedAtMs: number;
  readonly revokedBy: string;
};

/** For whom a session is open: a token, or somebody whom the provider vouched for. */
export type Holder =
  | { readonly kind: 'token'; readonly tokenId: string }
  | {
    readonly kind: 'person';
    readonly name: string;
    readonly alsoKnownAs: readonly string[];
    /** Only those that the configuration maps: grants are worked out anew for every request. */
    readonly groups: readonly string[];
  };

export type StoredSession = {
  readonly hash: string;
  readonly holder: Holder;
  readonly createdAtMs: number;
  readonly lastSeenAtMs: number;
  /** However busy it is. */
  readonly expiresAtMs: number;
};

export type TokenInsertion = 'inserted' | 'name-taken' | 'too-many';

export type AccessStore = {
  insertToken(token: StoredToken, audit: AuditEntry): Promise<TokenInsertion>;
  readToken(id: string): Promise<StoredToken | undefined>;
  /** Newest first, revoked and expired ones among them. */
  listTokens(limit: number): Promise<readonly StoredToken[]>;
  /** With its sessions and codes. False when it is revoked already, or there is none. */
  revokeToken(id: string, audit: AuditEntry): Promise<boolean>;
  touchToken(id: string, atMs: number): Promise<void>;

  /** Over `perHolder` sessions the holder's oldest ends; expired ones are cleared away. */
  insertSession(
    session: StoredSession,
    limits: { readonly perHolder: number; readonly inAll: number },
  ): Promise<boolean>;
  readSession(hash: string): Promise<StoredSession | undefined>;
  touchSession(hash: string, atMs: number): Promise<void>;
  deleteSession(hash: string): Promise<boolean>;

  insertCode(code: StoredCode, max: number): Promise<boolean>;
  /** The token it stands for, once: a code that was taken is gone. */
  takeCode(hash: string, nowMs: number): Promise<string | undefined>;

  /**
   * The name that this subject got when it first came, whatever its provider calls it today;
   * `wished` when it has none and nobody else has that. Undefined when somebody has.
   */
  nameOfSubject(subject: string, wished: string, nowMs: number): Promise<string | undefined>;
  knownSubject(subject: string): Promise<string | undefined>;

  appendAudit(entry: AuditEntry): Promise<void>;
};

export type StoredCode = {
  readonly hash: string;
  readonly tokenId: string;
  readonly expiresAtMs: number;
};
