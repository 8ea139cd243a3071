import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import Provider from 'oidc-provider';

/**
 * A real OpenID provider on loopback, with people in groups. Its keys can be exchanged, and it can
 * be told to be away. Tokens that it would never give are made with its keys by `sign`.
 */
export const CLIENT_ID = 'lanner';
export const CLIENT_SECRET = 'a client secret that is long enough';
export const AUDIENCE = 'urn:lanner:api';
const KEY_BITS = { modulusLength: 2_048, extractable: true };

export type Account = { readonly groups: readonly string[]; readonly name: string };
type Key = { readonly jwk: JWK; readonly privateKey: CryptoKey };

export class TestProvider {
  readonly accounts = new Map<string, Account>();
  /** Answers 503 to everything. */
  isAway = false;
  requests: string[] = [];
  readonly #server: Server;
  #keys: readonly Key[] = [];
  #rotations = 0;
  #handle: ReturnType<Provider['callback']> | undefined;
  #callback = '';

  constructor() {
    this.#server = createServer((request, response) => {
      this.requests.push(`${request.method} ${request.url?.split('?')[0]}`);
      if (this.isAway || this.#handle === undefined) {
        response.writeHead(503).end();
        return;
      }
      void this.#handle(request, response);
    });
  }

  get issuer(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** `callback`: where it may send people back to. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    await this.rotate();
  }

  async register(callback: string): Promise<void> {
    this.#callback = callback;
    this.#configure();
  }

  /** New keys; tokens by the old ones are no good any more. */
  async rotate(): Promise<void> {
    const { privateKey } = await generateKeyPair('RS256', KEY_BITS);
    const jwk = await exportJWK(privateKey);
    this.#rotations += 1;
    const kid = `k${this.#rotations}`;
    this.#keys = [{ jwk: { ...jwk, alg: 'RS256', use: 'sig', kid }, privateKey }];
    this.#configure();
  }

  /** What it would sign for a machine; over it, what nobody should. */
  async sign(claims: JWTPayload, over: { readonly issuedAt?: number } = {}): Promise<string> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error('the provider has started');
    const { issuedAt = Math.floor(Date.now() / 1_000) } = over;
    return new SignJWT({ iss: this.issuer, aud: AUDIENCE, sub: 'deployer', iat: issuedAt,
      exp: issuedAt + 300, groups: ['sre'], ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: key.jwk.kid ?? '', typ: 'at+jwt' })
      .sign(key.privateKey);
  }

  get publicJwk(): JWK {
    const { n = '', e = '', kty = '', kid = '' } = this.#keys[0]?.jwk ?? {};
    return { n, e, kty, kid };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #configure(): void {
    if (this.#callback === '') return;
    const provider = new Provider(this.issuer, {
      clients: [{
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [this.#callback],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      }],
      jwks: { keys: this.#keys.map(({ jwk }) => jwk) },
      pkce: { required: () => true },
      cookies: { keys: ['a key for tests'] },
      claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
      features: { devInteractions: { enabled: true } },
      // Who may sign in with which password is not what is tested.
      findAccount: (_, id) => {
        const account = this.accounts.get(id);
        if (account === undefined) return undefined;
        return {
          accountId: id,
          claims: () => ({ sub: id, preferred_username: account.name, groups: account.groups }),
        };
      },
    });
    provider.on('server_error', (_, error) => {
      throw error;
    });
    this.#handle = provider.callback();
  }
}
