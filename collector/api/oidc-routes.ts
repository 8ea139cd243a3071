import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import Type from 'typebox';

import type { Access } from '../access/access.ts';
import { readCookie, setCookie, signInCookieName } from '../access/cookies.ts';
import { ProviderUnavailable } from '../access/oidc-provider.ts';
import type { Pending } from '../access/oidc-provider.ts';
import type { Clock } from '../clock.ts';
import type { LogGate } from '../log-gate.ts';
import { note } from './answers.ts';
import { Refused } from './errors.ts';
import { refusedBy } from './refusal-answers.ts';
import type { Api } from './routes.ts';
import { openSession } from './session-routes.ts';

/**
 * The two pages of signing in with the organisation's provider. These are visited by people and not
 * by programs, so what goes wrong is a page that says what to do; nothing of the request is in it.
 */
export type OidcRouteOptions = {
  readonly access: Access;
  /** Where this is reached; known when the API listens. */
  readonly publicUrl: () => string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly gate: LogGate;
};

/** How long somebody may take at the provider's page. */
const PENDING_SECONDS = 600;
const CALLBACK = '/auth/callback';
const config = { needs: 'anyone' } as const;
/** What a provider sends is its own affair, up to a length. */
const callbackQuery = Type.Record(Type.String(), Type.String({ maxLength: 4_096 }));

export function addOidcRoutes(api: Api, options: OidcRouteOptions): void {
  const { access, publicUrl } = options;
  const callbackUrl = (): string => publicUrl() + CALLBACK;

  api.get('/auth/login', { config }, (request, reply) =>
    asPage(options, { request, reply }, async () => {
      if (access.provider === undefined) throw refusedBy('oidc-off');
      if (!access.signInRate.take(request.ip)) throw refusedBy('slow-down');
      const { url, pending } = await access.provider.begin(callbackUrl());
      return reply.header('set-cookie', pendingCookie(access, pending)).redirect(url, 303);
    }));

  api.get(CALLBACK, { config, schema: { querystring: callbackQuery } }, (request, reply) =>
    asPage(options, { request, reply }, async () => {
      if (access.provider === undefined) throw refusedBy('oidc-off');
      const pending = pendingOf(access, request.headers.cookie);
      // Whatever comes of it, it was used.
      reply.header('set-cookie', pendingCookie(access, undefined));
      if (pending === undefined) throw refusedBy('oidc-state');
      if (!access.signInRate.take(request.ip)) throw refusedBy('slow-down');
      const callback = new URL(request.url.slice(CALLBACK.length), callbackUrl());
      const vouched = await access.provider.finish(callback, pending);
      if (!vouched.ok) {
        tell(options, vouched.error);
        throw refusedBy(vouched.reason);
      }
      const opened = await access.signIn.withClaims(vouched.claims, request.ip);
      await openSession(access, { request, reply, opened, clock: options.clock });
      // What this visit took, and the one to the page before.
      access.signInRate.giveBack(request.ip);
      access.signInRate.giveBack(request.ip);
      return reply.redirect('/', 303);
    }));
}

function pendingCookie({ isSecure }: Access, pending: Pending | undefined): string {
  const value = pending === undefined
    ? ''
    : Buffer.from(JSON.stringify(pending)).toString('base64url');
  return setCookie(signInCookieName(isSecure), value, {
    isSecure,
    // The provider's page sends the browser back: a Strict cookie would not come along.
    sameSite: 'Lax',
    maxAgeSeconds: pending === undefined ? 0 : PENDING_SECONDS,
  });
}

/** Written by ourselves, or by whoever owns the browser; checked against the provider's answer. */
function pendingOf({ isSecure }: Access, header: string | undefined): Pending | undefined {
  const read = readCookie(header, signInCookieName(isSecure));
  if (read.kind !== 'one') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(read.value, 'base64url').toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const { state, nonce, verifier } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const isWhole = [state, nonce, verifier].every((part) =>
    typeof part === 'string' && part.length >= 16);
  return isWhole ? { state, nonce, verifier } as Pending : undefined;
}

type Visit = { readonly request: FastifyRequest; readonly reply: FastifyReply };

async function asPage(
  options: OidcRouteOptions,
  { request, reply }: Visit,
  visit: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  try {
    return await visit();
  } catch (error) {
    if (error instanceof ProviderUnavailable) tell(options, error);
    const refused = error instanceof ProviderUnavailable ? refusedBy(error.code) : error;
    if (!(refused instanceof Refused)) throw refused;
    note(request, refused, options);
    return reply.code(refused.statusCode).type('text/html; charset=utf-8')
      .send(pageOf(refused.message));
  }
}

/** Why, for the operator: the person is told less. */
function tell({ log, gate }: OidcRouteOptions, error: unknown): void {
  const suppressed = gate.open('oidc');
  if (suppressed !== undefined) log.warn({ err: error, suppressed }, 'sign-in by provider failed');
}

/** `message` is one of our own constant sentences. */
const pageOf = (message: string): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Lanner</title>
<h1>Not signed in · 未登录</h1>
<p>${message}</p>
<p><a href="/">Back · 返回</a></p>
`;
