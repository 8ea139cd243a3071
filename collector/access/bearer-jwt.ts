import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

import type { Clock } from '../clock.ts';
import type { AccessStore } from './access-store.ts';
import type { GroupGrants } from './group-grants.ts';
import { subjectOf } from './identity.ts';
import { CLOCK_TOLERANCE_SECONDS } from './oidc-provider.ts';
import type { OidcProvider } from './oidc-provider.ts';
import type { Principal } from './principal.ts';

/**
 * Access tokens that the provider gave to machines: signature by its published keys, issuer,
 * audience and expiry. Keys are read again when an unknown one is named, at most every
 * `COOL_DOWN_MS`, so that made-up key ids cannot make us ask without end.
 */
const COOL_DOWN_MS = 30_000;
const KEYS_MS = 600_000;
const TIMEOUT_MS = 5_000;
const AWAY_MS = 3_000;
/** Asymmetric alone: with HS256 a public key would be a password, and `none` is no signature. */
const ALGORITHMS = [
  'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA',
  'Ed25519',
];
const CLIENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,119}$/;

export type JwtRefusal = 'jwt-invalid' | 'jwt-expired' | 'jwt-no-grant' | 'provider-unavailable';
export type JwtCheck =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly reason: JwtRefusal };

export type BearerJwtOptions = {
  readonly provider: Pick<OidcProvider, 'jwksUri'>;
  readonly issuer: string;
  readonly audience: string;
  readonly groupsClaim: string;
  readonly groups: GroupGrants;
  readonly store: Pick<AccessStore, 'knownSubject'>;
  readonly clock: Clock;
  readonly coolDownMs?: number;
};

export class BearerJwts {
  readonly #options: BearerJwtOptions;
  #keys: ReturnType<typeof createRemoteJWKSet> | undefined;
  #awayUntilMs = 0;

  constructor(options: BearerJwtOptions) {
    this.#options = options;
  }

  async check(jwt: string): Promise<JwtCheck> {
    const { issuer, audience, groupsClaim, groups, clock, store } = this.#options;
    const nowMs = clock.now();
    if (this.#keys?.fresh !== true && nowMs < this.#awayUntilMs) {
      return { ok: false, reason: 'provider-unavailable' };
    }
    try {
      this.#keys ??= createRemoteJWKSet(await this.#options.provider.jwksUri(), {
        cooldownDuration: this.#options.coolDownMs ?? COOL_DOWN_MS,
        cacheMaxAge: KEYS_MS,
        timeoutDuration: TIMEOUT_MS,
      });
      const { payload } = await jwtVerify(jwt, this.#keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(nowMs),
        requiredClaims: ['sub', 'exp'],
      });
      const { sub = '' } = payload;
      const grants = groups.grantsOf(groups.mapped(payload[groupsClaim]));
      if (grants.length === 0) return { ok: false, reason: 'jwt-no-grant' };
      // The token of somebody who signs in here as well is that person, and not a second one.
      const person = await store.knownSubject(subjectOf(issuer, sub));
      if (person !== undefined) {
        return { ok: true, principal: { name: person, kind: 'person', grants,
          alsoKnownAs: [`client:${sub}`] } };
      }
      if (!CLIENT_NAME.test(sub)) return { ok: false, reason: 'jwt-invalid' };
      return { ok: true, principal: { name: `client:${sub}`, kind: 'machine', grants } };
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === 'provider-unavailable') this.#awayUntilMs = clock.now() + AWAY_MS;
      return { ok: false, reason };
    }
  }
}

function reasonOf(error: unknown): JwtRefusal {
  if (error instanceof errors.JWTExpired) return 'jwt-expired';
  if (error instanceof errors.JWKSTimeout) return 'provider-unavailable';
  // jose's own for an answer that is no key set; every other of its errors is about the token.
  const isAnswer = error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC';
  return error instanceof errors.JOSEError && !isAnswer ? 'jwt-invalid' : 'provider-unavailable';
}
