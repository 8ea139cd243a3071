import * as client from 'openid-client';

import { isLoopback } from '../../config/address.ts';
import type { Clock } from '../clock.ts';

/**
 * The organisation's OpenID provider: authorization code with PKCE, state and nonce. Asked for its
 * metadata when somebody first signs in, not at the start: the collector runs without it. While it
 * is away sign-in fails with `provider-unavailable` and open sessions live on. What the browser
 * carries between the two steps is in a cookie of its own, so that nothing is kept here for those
 * who never come back.
 */
const TIMEOUT_SECONDS = 5;
/** After a failure; a crowd that reloads must not become a flood of requests to the provider. */
const AWAY_MS = 3_000;
/** Keys and endpoints may move. */
const METADATA_MS = 3_600_000;
/** Of clocks here and there; also for the tokens of machines. */
export const CLOCK_TOLERANCE_SECONDS = 30;
const SCOPE = 'openid profile email';

export type ProviderOptions = {
  readonly issuer: string;
  readonly clientId: string;
  /** Empty for a public client: PKCE alone. */
  readonly clientSecret: string;
  readonly scope?: string;
  readonly groupsClaim: string;
  readonly clock: Clock;
};

/** Between the redirect to the provider and the way back. */
export type Pending = { readonly state: string; readonly nonce: string; readonly verifier: string };

export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

export type Vouched =
  | { readonly ok: true; readonly claims: Claims }
  | {
    readonly ok: false;
    readonly reason: 'oidc-state' | 'oidc-denied' | 'oidc-invalid' | 'provider-unavailable';
    readonly error: unknown;
  };

export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
  readonly code = 'provider-unavailable';
}

export class OidcProvider {
  readonly #options: ProviderOptions;
  #metadata: { readonly configuration: client.Configuration; readonly atMs: number } | undefined;
  #asking: Promise<client.Configuration> | undefined;
  #awayUntilMs = 0;

  constructor(options: ProviderOptions) {
    this.#options = options;
  }

  /** Where to send the browser, and what it has to bring back. */
  async begin(redirectUri: string): Promise<{ readonly url: string; readonly pending: Pending }> {
    const configuration = await this.#configuration();
    const pending = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: this.#options.scope ?? SCOPE,
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, pending };
  }

  async finish(callback: URL, { state, nonce, verifier }: Pending): Promise<Vouched> {
    try {
      const configuration = await this.#configuration();
      const tokens = await client.authorizationCodeGrant(configuration, callback, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new Error('the provider sent no ID token');
      return { ok: true, claims: await this.#withGroups(configuration, claims, tokens) };
    } catch (error) {
      return { ok: false, reason: reasonOf(error), error };
    }
  }

  async jwksUri(): Promise<URL> {
    const { jwks_uri: uri } = (await this.#configuration()).serverMetadata();
    const url = uri === undefined ? null : URL.parse(uri);
    if (url === null) throw new ProviderUnavailable('the provider names no key set');
    return url;
  }

  /** Some providers keep the ID token short and tell groups to those who ask. */
  async #withGroups(
    configuration: client.Configuration,
    claims: Claims,
    { access_token: accessToken }: { readonly access_token: string },
  ): Promise<Claims> {
    const { groupsClaim } = this.#options;
    const { userinfo_endpoint: endpoint } = configuration.serverMetadata();
    if (claims[groupsClaim] !== undefined || endpoint === undefined) return claims;
    const said = await client.fetchUserInfo(configuration, accessToken, claims.sub);
    return { ...said, ...claims };
  }

  #configuration(): Promise<client.Configuration> {
    const nowMs = this.#options.clock.now();
    if (this.#metadata !== undefined && nowMs - this.#metadata.atMs < METADATA_MS) {
      return Promise.resolve(this.#metadata.configuration);
    }
    if (nowMs < this.#awayUntilMs) {
      return Promise.reject(new ProviderUnavailable('the provider was just not to be reached'));
    }
    this.#asking ??= this.#discover().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret, clock } = this.#options;
    const url = new URL(issuer);
    const isPlain = url.protocol === 'http:' && isLoopback(url.hostname);
    try {
      const configuration = await client.discovery(
        url,
        clientId,
        { [client.clockTolerance]: CLOCK_TOLERANCE_SECONDS },
        clientSecret === '' ? client.None() : client.ClientSecretBasic(clientSecret),
        {
          timeout: TIMEOUT_SECONDS,
          execute: [
            // The ID token comes from the provider itself; its signature is checked anyway.
            client.enableNonRepudiationChecks,
            ...(isPlain ? [client.allowInsecureRequests] : []),
          ],
        },
      );
      this.#metadata = { configuration, atMs: clock.now() };
      return configuration;
    } catch (error) {
      this.#awayUntilMs = clock.now() + AWAY_MS;
      throw new ProviderUnavailable('the provider cannot be asked for its metadata', {
        cause: error,
      });
    }
  }
}

/** Network, time-out and answers of 5xx are the provider's; everything else is a bad sign-in. */
function reasonOf(error: unknown): 'oidc-state' | 'oidc-denied' | 'oidc-invalid' |
  'provider-unavailable' {
  if (error instanceof ProviderUnavailable) return 'provider-unavailable';
  if (error instanceof client.AuthorizationResponseError) return 'oidc-denied';
  if (error instanceof client.ResponseBodyError) {
    return error.status >= 500 ? 'provider-unavailable' : 'oidc-invalid';
  }
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  if (code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT') return 'provider-unavailable';
  if (code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' && isServerError(cause)) {
    return 'provider-unavailable';
  }
  // `fetch` says no more than this when there is nobody at the other end.
  if (error instanceof TypeError && error.message === 'fetch failed') return 'provider-unavailable';
  const isState = code === 'OAUTH_INVALID_RESPONSE' && /state/.test((error as Error).message);
  return isState ? 'oidc-state' : 'oidc-invalid';
}

const isServerError = (cause: unknown): boolean =>
  cause instanceof Response && cause.status >= 500;
