import type { AccessStore, Holder } from './access-store.ts';
import type { GroupGrants } from './group-grants.ts';
import { nameOf, subjectOf } from './identity.ts';
import type { Claims } from './oidc-provider.ts';
import type { RefusalReason } from './refusals.ts';
import type { Opened, SessionBook } from './session-book.ts';
import type { SignInRate } from './sign-in-rate.ts';
import type { TokenBook } from './token-book.ts';

/**
 * The three ways to a session: a token, a one-time code that a token's holder asked for, and the
 * provider's word. Wrong tries are rated per address and together (`sign-in-rate.ts`).
 */
export type SignedIn =
  | Extract<Opened, { ok: true }>
  | { readonly ok: false; readonly reason: RefusalReason };

export type SignInOptions = {
  readonly store: Pick<AccessStore, 'nameOfSubject' | 'appendAudit'>;
  readonly tokens: TokenBook;
  readonly sessions: SessionBook;
  readonly groups: GroupGrants;
  readonly rate: SignInRate;
  readonly issuer: string;
  readonly groupsClaim: string;
  readonly nameClaim: string;
  readonly now: () => number;
};

type Visit = {
  readonly name: string;
  readonly address: string;
  readonly way: 'token' | 'code' | 'provider';
};

export class SignIn {
  readonly #options: SignInOptions;

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  withToken(text: string, address: string): Promise<SignedIn> {
    return this.#rated(address, async () => {
      const checked = await this.#options.tokens.check(text);
      if (!checked.ok) return checked;
      const { id, expiresAtMs } = checked.token;
      const visit = { name: checked.principal.name, address, way: 'token' } as const;
      return this.#open({ kind: 'token', tokenId: id }, expiresAtMs, visit);
    });
  }

  withCode(code: string, address: string): Promise<SignedIn> {
    return this.#rated(address, async () => {
      const { sessions, tokens } = this.#options;
      const tokenId = await sessions.takeCode(code);
      if (tokenId === undefined) return { ok: false, reason: 'wrong-code' };
      const checked = await tokens.checkId(tokenId);
      if (!checked.ok) return checked;
      const visit = { name: checked.principal.name, address, way: 'code' } as const;
      return this.#open({ kind: 'token', tokenId }, checked.token.expiresAtMs, visit);
    });
  }

  /** What the provider said has been verified; here is what it means. */
  async withClaims(claims: Claims, address: string): Promise<SignedIn> {
    const { store, groups, groupsClaim, nameClaim, issuer, now } = this.#options;
    const mapped = groups.mapped(claims[groupsClaim]);
    if (mapped.length === 0) return { ok: false, reason: 'no-grant' };
    const wished = nameOf(claims, nameClaim);
    if (wished === undefined) return { ok: false, reason: 'oidc-invalid' };
    const name = await store.nameOfSubject(subjectOf(issuer, claims.sub), wished, now());
    if (name === undefined) return { ok: false, reason: 'name-taken' };
    const holder: Holder = {
      kind: 'person',
      name,
      alsoKnownAs: [`client:${claims.sub}`],
      groups: mapped,
    };
    return this.#open(holder, 0, { name, address, way: 'provider' });
  }

  /** Who came in, from where and how is in the audit before they are in. */
  async #open(holder: Holder, untilMs: number, visit: Visit): Promise<SignedIn> {
    const { store, sessions, now } = this.#options;
    const { name, address, way } = visit;
    await store.appendAudit({
      atMs: now(),
      actor: name,
      action: 'session.open',
      subject: holder.kind === 'token' ? holder.tokenId : name,
      detail: { address, way },
    });
    return sessions.open(holder, untilMs);
  }

  /** Also for the way back from the provider, which costs a request to it. */
  async #rated(address: string, tried: () => Promise<SignedIn>): Promise<SignedIn> {
    const { rate } = this.#options;
    if (!rate.take(address)) return { ok: false, reason: 'slow-down' };
    const result = await tried();
    if (result.ok) rate.giveBack(address);
    return result;
  }
}
