import type { StoredToken } from '../access/access-store.ts';
import { BOOTSTRAP, TOKEN_DAYS_DEFAULT } from '../access/token-book.ts';
import type { TokenBook } from '../access/token-book.ts';
import type { Clock } from '../clock.ts';
import {
  createTokenBody,
  createdToken,
  tokenParams,
  tokens as tokensAnswer,
} from './contract/access.ts';
import type { TokenView } from './contract/access.ts';
import { nothing } from './contract/words.ts';
import { ApiError, notFound } from './errors.ts';
import type { Api } from './routes.ts';

/** Tokens: make one, see which there are, revoke one. Admins alone, and in all namespaces. */
export type TokenRouteOptions = { readonly tokens: TokenBook; readonly clock: Clock };

const DAY_MS = 86_400_000;
const PATH = '/api/v1/tokens';
const config = { needs: 'admin' } as const;

export function addTokenRoutes(api: Api, { tokens, clock }: TokenRouteOptions): void {
  api.get(PATH, {
    config,
    schema: { summary: 'Tokens, without their secrets', response: { 200: tokensAnswer } },
  }, async () =>
    ({ items: (await tokens.list()).map((token) => viewOf(token, clock.now())) }));

  api.post(PATH, {
    config,
    schema: {
      summary: 'Make a token; its text is shown this once',
      body: createTokenBody,
      response: { 201: createdToken },
    },
  },
    async ({ body, principal }, reply) => {
      const { name, grants, expiresDays = TOKEN_DAYS_DEFAULT } = body;
      if (name === BOOTSTRAP) {
        throw new ApiError(409, 'name-taken', 'bootstrap is the name of the first token');
      }
      const nowMs = clock.now();
      const expiresAtMs = expiresDays === null ? 0 : nowMs + expiresDays * DAY_MS;
      const created = await tokens.create({ name, grants, expiresAtMs }, principal.name);
      if (created.ok) {
        return reply.code(201).send({ token: viewOf(created.token, nowMs), text: created.text });
      }
      throw created.reason === 'name-taken'
        ? new ApiError(409, 'name-taken', `there is a token ${name}: revoke it, or take a new name`)
        : new ApiError(409, 'too-many', 'there are too many tokens: revoke some');
    });

  api.delete(`${PATH}/:id`, {
    config,
    schema: { summary: 'Revoke a token', params: tokenParams, response: { 204: nothing } },
  },
    async ({ params, principal }, reply) =>
      await tokens.revoke(params.id, principal.name)
        ? reply.code(204).send()
        : notFound('token'));
}

const timeText = (ms: number): string => new Date(ms).toISOString();
const timeOrNull = (ms: number): string | null => (ms === 0 ? null : timeText(ms));

function viewOf(token: StoredToken, nowMs: number): TokenView {
  const { revokedAtMs, expiresAtMs } = token;
  const isExpired = expiresAtMs > 0 && expiresAtMs <= nowMs;
  return {
    id: token.id,
    name: token.name,
    grants: token.grants.map(({ role, namespaces }) =>
      ({ role, namespaces: namespaces === 'all' ? namespaces : [...namespaces] })),
    state: isExpired ? 'expired' : revokedAtMs > 0 ? 'revoked' : 'live',
    createdBy: token.createdBy,
    createdTime: timeText(token.createdAtMs),
    expiresTime: timeOrNull(expiresAtMs),
    lastUsedTime: timeOrNull(token.lastUsedAtMs),
    revokedBy: token.revokedBy === '' ? null : token.revokedBy,
    revokedTime: timeOrNull(revokedAtMs),
  };
}
