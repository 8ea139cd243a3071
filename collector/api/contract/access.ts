import Type from 'typebox';
import type { Static } from 'typebox';

import { roles } from '../../access/principal.ts';
import { closed, oneOf, text, time, timeOrNone } from './words.ts';

/** Sign-in, the session, and tokens. */
const TOKEN_NAME_PATTERN = '^[a-z0-9][a-z0-9._-]{0,62}$';
const NAMESPACES_PER_GRANT_MAX = 100;
const GRANTS_PER_TOKEN_MAX = 20;
const EXPIRES_DAYS_MAX = 3_650;

const namespace = Type.String({ pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' });

/**
 * Without a `type`, so that nothing is coerced: with one, the list `["all"]` and the word `"all"`
 * would become each other, and a namespace of that name the key to all of them.
 */
const everywhere = Type.Unsafe<'all'>({ const: 'all' });

export const grant = Type.Object({
  role: oneOf(roles),
  namespaces: Type.Union([
    everywhere,
    Type.Array(namespace, { minItems: 1, maxItems: NAMESPACES_PER_GRANT_MAX }),
  ]),
}, closed);

/** As it is shown: grants that a configuration made are not checked again. */
const shownGrant = Type.Object({
  role: oneOf(roles),
  namespaces: Type.Union([everywhere, Type.Array(text)]),
}, closed);

const principal = Type.Object({
  name: text,
  kind: oneOf(['person', 'machine'] as const),
  grants: Type.Array(shownGrant),
}, closed);

export const session = Type.Object({
  principal,
  /** Goes into the header `x-lanner-csrf` of what changes something; empty without a cookie. */
  csrfToken: text,
  signIn: Type.Object({ oidc: Type.Boolean(), token: Type.Boolean() }, closed),
  /** Null for a token that never ends. */
  expiresTime: timeOrNone,
}, closed);
export type SessionAnswer = Static<typeof session>;

const secret = (pattern: string) => Type.String({ pattern, writeOnly: true });

/** A token, or a one-time code; which of them is asked below, for a readable refusal. */
export const signInBody = Type.Object({
  token: Type.Optional(secret('^[\\x21-\\x7e]{1,512}$')),
  code: Type.Optional(secret('^[A-Za-z0-9_-]{1,128}$')),
}, closed);

export const signInCode = Type.Object({ code: text, expiresTime: time }, closed);
export const emptyBody = Type.Object({}, closed);

export const token = Type.Object({
  id: text,
  name: text,
  grants: Type.Array(shownGrant),
  state: oneOf(['live', 'expired', 'revoked'] as const),
  createdBy: text,
  createdTime: time,
  expiresTime: timeOrNone,
  lastUsedTime: timeOrNone,
  revokedBy: Type.Union([text, Type.Null()]),
  revokedTime: timeOrNone,
}, closed);
export type TokenView = Static<typeof token>;

export const tokens = Type.Object({ items: Type.Array(token) }, closed);

export const createTokenBody = Type.Object({
  name: Type.String({ pattern: TOKEN_NAME_PATTERN,
    description: 'The audit calls its holder token:<name>.' }),
  grants: Type.Array(grant, { minItems: 1, maxItems: GRANTS_PER_TOKEN_MAX }),
  /** Absent: 90 days. Null: never, only when it is asked for. */
  expiresDays: Type.Optional(Type.Union([
    Type.Integer({ minimum: 1, maximum: EXPIRES_DAYS_MAX }),
    Type.Null(),
  ])),
}, closed);

export const createdToken = Type.Object({
  token,
  /** Shown this once; only its hash is stored. */
  text,
}, closed);

export const tokenParams = Type.Object({ id: Type.String({ pattern: '^[0-9a-z]{16}$' }) }, closed);
