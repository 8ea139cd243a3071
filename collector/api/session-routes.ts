import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Access } from '../access/access.ts';
import { cookieName, readCookie, setCookie } from '../access/cookies.ts';
import type { Credential } from '../access/door.ts';
import type { Principal } from '../access/principal.ts';
import { csrfTokenOf } from '../access/secret-text.ts';
import type { SignedIn } from '../access/sign-in.ts';
import type { Clock } from '../clock.ts';
import { emptyBody, session, signInBody, signInCode } from './contract/access.ts';
import type { SessionAnswer } from './contract/access.ts';
import { nothing } from './contract/words.ts';
import { ApiError, Forbidden } from './errors.ts';
import { refusedBy } from './refusal-answers.ts';
import type { Api } from './routes.ts';

/** Sign-in with a token or a one-time code, who one is, and sign-out. */
export type SessionRouteOptions = { readonly access: Access; readonly clock: Clock };

const PATH = '/api/v1/session';
const anyone = { needs: 'anyone' } as const;

export function addSessionRoutes(api: Api, { access, clock }: SessionRouteOptions): void {
  const signIn = { oidc: access.provider !== undefined, token: true };

  api.get(PATH, {
    config: anyone,
    schema: { summary: 'Who one is, and how one could sign in', response: { 200: session } },
  },
    async (request) => {
      const { method, ip: address, headers } = request;
      const entered = await access.door.enter({ method, address, headers });
      if (entered.ok) return { ...viewOf(entered), signIn };
      const refused = refusedBy(entered.reason);
      // The console asks this first of all: to have no session is no offence, and is not audited.
      const isOffence = entered.reason !== 'no-token' && entered.reason !== 'no-session';
      throw Object.assign(
        isOffence ? refused : new ApiError(refused.statusCode, refused.code, refused.message),
        { details: { signIn } },
      );
    });

  api.post(PATH, {
    config: anyone,
    schema: {
      summary: 'Sign in with a token or a one-time code',
      body: signInBody,
      response: { 201: session },
    },
  },
    async (request, reply) => {
      const { token, code } = request.body;
      if ((token === undefined) === (code === undefined)) {
        throw new ApiError(400, 'invalid-request', 'either token or code signs in');
      }
      const opened = token === undefined
        ? await access.signIn.withCode(code ?? '', request.ip)
        : await access.signIn.withToken(token, request.ip);
      const secret = await openSession(access, { request, reply, opened, clock });
      const entered = await access.door.enter({
        method: 'GET',
        address: request.ip,
        headers: { cookie: `${cookieName(access.isSecure)}=${secret}` },
      });
      if (!entered.ok) throw refusedBy(entered.reason);
      return reply.code(201).send({ ...viewOf(entered), signIn });
    });

  api.delete(PATH, {
    config: { needs: 'viewer', scope: 'any' },
    schema: { summary: 'Sign out', body: emptyBody, response: { 204: nothing } },
  }, async ({ credential }, reply) => {
    if (credential?.kind === 'session') await access.sessions.end(credential.secret);
    return reply.header('set-cookie', sessionCookie(access, '', 0)).code(204).send();
  });

  // From a terminal to the browser beside it, without a token in its address bar.
  api.post('/api/v1/sign-in-codes', {
    config: { needs: 'viewer', scope: 'any' },
    schema: {
      summary: 'A one-time code for the browser beside the terminal',
      body: emptyBody,
      response: { 201: signInCode },
    },
  }, async ({ credential }, reply) => {
    if (credential?.kind !== 'token') {
      throw new Forbidden('credential-kind', 'only the holder of a token can ask for a code');
    }
    const { code, expiresAtMs } = await access.sessions.makeCode(credential.tokenId);
    return reply.code(201).send({ code, expiresTime: new Date(expiresAtMs).toISOString() });
  });
}

type Opening = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly opened: SignedIn;
  readonly clock: Clock;
};

/** Sets the cookie; the session that the browser had before ends. */
export async function openSession(access: Access, opening: Opening): Promise<string> {
  const { request, reply, opened, clock } = opening;
  if (!opened.ok) throw refusedBy(opened.reason);
  const before = readCookie(request.headers.cookie, cookieName(access.isSecure));
  if (before.kind === 'one') await access.sessions.end(before.value);
  const leftMs = opened.session.expiresAtMs - clock.now();
  reply.header('set-cookie', sessionCookie(access, opened.secret, Math.floor(leftMs / 1_000)));
  return opened.secret;
}

const sessionCookie = ({ isSecure }: Access, value: string, maxAgeSeconds: number): string =>
  setCookie(cookieName(isSecure), value, { isSecure, sameSite: 'Strict', maxAgeSeconds });

function viewOf(
  { principal, credential }: { readonly principal: Principal; readonly credential: Credential },
): Omit<SessionAnswer, 'signIn'> {
  const { name, kind, grants } = principal;
  return {
    principal: {
      name,
      kind,
      grants: grants.map(({ role, namespaces }) =>
        ({ role, namespaces: namespaces === 'all' ? namespaces : [...namespaces] })),
    },
    csrfToken: credential.kind === 'session' ? csrfTokenOf(credential.secret) : '',
    expiresTime: endOf(credential),
  };
}

function endOf(credential: Credential): string | null {
  const endMs = credential.kind === 'session'
    ? credential.session.expiresAtMs
    : credential.kind === 'token' ? credential.expiresAtMs : 0;
  return endMs === 0 ? null : new Date(endMs).toISOString();
}
