import type { IncomingHttpHeaders } from 'node:http';

import type { Holder, StoredSession } from './access-store.ts';
import { cookieName, readCookie } from './cookies.ts';
import type { BearerJwts } from './bearer-jwt.ts';
import type { GroupGrants } from './group-grants.ts';
import type { Principal } from './principal.ts';
import type { RefusalReason } from './refusals.ts';
import { bearerOf, csrfTokenOf, isSame } from './secret-text.ts';
import type { SessionBook } from './session-book.ts';
import type { SignInRate } from './sign-in-rate.ts';
import { isChange } from './site-rules.ts';
import type { TokenBook } from './token-book.ts';

/**
 * From a request's credential to a principal, or to the reason why not. A header wins over a
 * cookie: a page of another site can make a browser send cookies, and cannot set the header. A
 * cookie alone changes nothing without the session's CSRF token.
 */
export type DoorRequest = {
  readonly method: string;
  readonly address: string;
  readonly headers: IncomingHttpHeaders;
  /** Asked by a program on its own, as a stream that goes on: it keeps no session from ending. */
  readonly isPassive?: boolean;
};

export type Credential =
  | { readonly kind: 'token'; readonly tokenId: string; readonly expiresAtMs: number }
  | { readonly kind: 'jwt' }
  | { readonly kind: 'session'; readonly secret: string; readonly session: StoredSession };

export type Entered =
  | { readonly ok: true; readonly principal: Principal; readonly credential: Credential }
  /** `actor`: whose session it was, where that is known. */
  | { readonly ok: false; readonly reason: RefusalReason; readonly actor?: string };

export type DoorOptions = {
  readonly tokens: TokenBook;
  readonly sessions: SessionBook;
  /** Undefined where no provider is configured. */
  readonly jwts: BearerJwts | undefined;
  readonly groups: GroupGrants;
  readonly rate: SignInRate;
  readonly isSecure: boolean;
};

const CSRF_HEADER = 'x-lanner-csrf';

type Held =
  | { readonly ok: true; readonly principal: Principal }
  | Extract<Entered, { ok: false }>;

const refused = (reason: RefusalReason, actor?: string): Entered =>
  ({ ok: false, reason, ...(actor === undefined ? {} : { actor }) });

export class Door {
  readonly #options: DoorOptions;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  async enter(request: DoorRequest): Promise<Entered> {
    const { authorization, cookie } = request.headers;
    const { isSecure, rate } = this.#options;
    if (authorization !== undefined) {
      const bearer = bearerOf(authorization);
      if (bearer === undefined) return refused('wrong-token');
      return this.#byBearer(bearer, request.address);
    }
    const read = readCookie(cookie, cookieName(isSecure));
    if (read.kind === 'none') return refused('no-token');
    if (read.kind === 'several') return refused('ambiguous-credential');
    const isKnown = this.#options.sessions.isKnown(read.value);
    if (!isKnown && !rate.take(request.address)) return refused('slow-down');
    const entered = await this.#bySession(read.value, request);
    if (!isKnown && (entered.ok || entered.reason === 'csrf')) rate.giveBack(request.address);
    return entered;
  }

  async #byBearer(bearer: string, address: string): Promise<Entered> {
    const { rate, tokens } = this.#options;
    const isKnown = tokens.isKnown(bearer);
    if (!isKnown && !rate.take(address)) return refused('slow-down');
    const entered = isJwt(bearer) ? await this.#byJwt(bearer) : await this.#byToken(bearer);
    if (!isKnown && entered.ok) rate.giveBack(address);
    return entered;
  }

  async #byToken(bearer: string): Promise<Entered> {
    const checked = await this.#options.tokens.check(bearer);
    if (!checked.ok) return refused(checked.reason);
    const { token: { id: tokenId, expiresAtMs }, principal } = checked;
    return { ok: true, principal, credential: { kind: 'token', tokenId, expiresAtMs } };
  }

  async #byJwt(bearer: string): Promise<Entered> {
    const { jwts } = this.#options;
    if (jwts === undefined) return refused('jwt-off');
    const checked = await jwts.check(bearer);
    return checked.ok
      ? { ok: true, principal: checked.principal, credential: { kind: 'jwt' } }
      : refused(checked.reason);
  }

  async #bySession(secret: string, { method, headers, isPassive }: DoorRequest): Promise<Entered> {
    const session = await this.#options.sessions.find(secret, isPassive);
    if (session === undefined) return refused('no-session');
    const held = await this.#holder(session.holder);
    if (!held.ok) return held;
    const { principal } = held;
    const sent = headers[CSRF_HEADER];
    if (isChange(method) && (typeof sent !== 'string' || !isSame(sent, csrfTokenOf(secret)))) {
      return refused('csrf', principal.name);
    }
    return { ok: true, principal, credential: { kind: 'session', secret, session } };
  }

  async #holder(holder: Holder): Promise<Held> {
    const { tokens, groups } = this.#options;
    if (holder.kind === 'token') return tokens.checkId(holder.tokenId);
    const { name, alsoKnownAs } = holder;
    // With the mapping as it is now: what the configuration took away is away.
    const grants = groups.grantsOf(holder.groups);
    return grants.length === 0
      ? { ok: false, reason: 'no-grant', actor: name }
      : { ok: true, principal: { name, kind: 'person', grants, alsoKnownAs } };
  }
}

/** Three parts of base64url; our own tokens have no dot. */
const isJwt = (bearer: string): boolean => /^[\w-]+\.[\w-]*\.[\w-]*$/.test(bearer);
