import { isLoopback } from '../../config/address.ts';
import type { Clock } from '../clock.ts';
import type { AccessStore } from './access-store.ts';
import { BearerJwts } from './bearer-jwt.ts';
import { Door } from './door.ts';
import { GroupGrants } from './group-grants.ts';
import type { GroupGrant } from './group-grants.ts';
import { OidcProvider } from './oidc-provider.ts';
import { Refusals } from './refusals.ts';
import type { RefusalReason } from './refusals.ts';
import { SessionBook } from './session-book.ts';
import type { SessionLimits } from './session-book.ts';
import { SignIn } from './sign-in.ts';
import { CREDENTIAL_RATE, SIGN_IN_RATE, SignInRate } from './sign-in-rate.ts';
import { createSiteRules } from './site-rules.ts';
import { TokenBook } from './token-book.ts';

/**
 * Who may do what. Every request passes `site-rules.ts` (where it comes from) and `door.ts` (who
 * sent it); the route says which role it needs and the API compares. What is refused is counted and
 * audited by `refusals.ts`. Bounds stand beside their code. When the store is away nobody new comes
 * in and nobody is waved through; when the provider is away, sessions that are open stay open.
 */
export type OidcSettings = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Of machines' tokens; empty when machines do not come with the provider's tokens. */
  readonly audience: string;
  readonly groupsClaim: string;
  readonly nameClaim: string;
  readonly grants: readonly GroupGrant[];
};

export type AccessOptions = {
  readonly store: AccessStore;
  readonly clock: Clock;
  readonly boundHost: string;
  readonly hosts: readonly string[];
  readonly metricsOpen: boolean;
  readonly isTls: boolean;
  /** `https://lanner.bank.example`; empty when it is the address that is listened on. */
  readonly publicUrl: string;
  readonly sessions: SessionLimits;
  readonly oidc: OidcSettings | undefined;
  readonly onRefused: (reason: RefusalReason) => void;
  readonly onTrouble: (what: string, error: unknown) => void;
};

export type Access = {
  readonly siteRules: ReturnType<typeof createSiteRules>;
  readonly door: Door;
  readonly tokens: TokenBook;
  readonly sessions: SessionBook;
  readonly signIn: SignIn;
  readonly signInRate: SignInRate;
  readonly refusals: Refusals;
  readonly provider: OidcProvider | undefined;
  readonly publicUrl: string;
  readonly isTls: boolean;
  /** Cookies get `Secure` and `__Host-`. */
  readonly isSecure: boolean;
};

export function createAccess(options: AccessOptions): Access {
  const { store, clock, oidc, publicUrl, isTls, onRefused, onTrouble } = options;
  const now = (): number => clock.now();
  const isSecure = isTls || publicUrl.startsWith('https://');
  const noted = (error: unknown): void => onTrouble('a use was not noted', error);
  const tokens = new TokenBook({ store, clock, onTrouble: noted });
  const sessions = new SessionBook({ store, clock, limits: options.sessions, onTrouble: noted });
  const groups = new GroupGrants(oidc?.grants ?? []);
  const provider = oidc === undefined ? undefined : new OidcProvider({ ...oidc, clock });
  const jwts = oidc === undefined || provider === undefined || oidc.audience === ''
    ? undefined
    : new BearerJwts({ ...oidc, provider, groups, store, clock });
  const signInRate = new SignInRate({ ...SIGN_IN_RATE, now });
  const { issuer = '', groupsClaim = '', nameClaim = '' } = oidc ?? {};
  return {
    siteRules: createSiteRules({ ...options, hosts: hostsOf(options) }),
    door: new Door({
      tokens,
      sessions,
      jwts,
      groups,
      rate: new SignInRate({ ...CREDENTIAL_RATE, now }),
      isSecure,
    }),
    tokens,
    sessions,
    signIn: new SignIn({ store, tokens, sessions, groups, rate: signInRate, issuer, groupsClaim,
      nameClaim, now }),
    signInRate,
    refusals: new Refusals({
      appendAudit: (entry) => store.appendAudit(entry),
      clock,
      onRefused,
      onTrouble: (error) => onTrouble('a refusal is not in the audit', error),
    }),
    provider,
    publicUrl,
    isTls,
    isSecure,
  };
}

/** Who names the public address means it to be reached by that. */
function hostsOf({ hosts, publicUrl }: AccessOptions): readonly string[] {
  const own = URL.parse(publicUrl)?.hostname ?? '';
  return own === '' || isLoopback(own) ? hosts : [...hosts, own];
}
