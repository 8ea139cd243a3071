import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * Secrets as they travel. A token is `ltk_<id>_<secret>`: scanners of repositories and logs know it
 * by its beginning, the store finds it by its id, and what is stored is the SHA-256 of the whole —
 * 256 random bits need no slow hash.
 */
const TOKEN = /^ltk_([0-9a-f]{16})_[0-9a-f]{64}$/;
/** What may stand in `Authorization`, so that nobody sends a megabyte to be hashed. */
const BEARER = /^Bearer ([\x21-\x7e]{1,4096})$/i;
const SECRET_BYTES = 32;
const ID_BYTES = 8;
const CODE_BYTES = 20;

export type Secret = { readonly id: string; readonly text: string; readonly hash: string };

export function makeToken(): Secret {
  const id = randomBytes(ID_BYTES).toString('hex');
  const text = `ltk_${id}_${randomBytes(SECRET_BYTES).toString('hex')}`;
  return { id, text, hash: hashOf(text) };
}

/** Short enough to be typed where a link cannot be followed; 160 bits for five minutes. */
export const makeCodeText = (): string => randomBytes(CODE_BYTES).toString('base64url');

/** For session cookies, which are found by their hash, as sign-in codes are. */
export const makeSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export const tokenIdOf = (text: string): string | undefined => TOKEN.exec(text)?.[1];

/**
 * The id under which a secret of the operator's own making is stored: a mounted file may hold any
 * long random text.
 */
export const opaqueIdOf = (text: string): string => `x${hashOf(`id ${text}`).slice(0, 15)}`;

export const bearerOf = (authorization: string): string | undefined =>
  BEARER.exec(authorization)?.[1];

/** In the same time whatever was sent: hashes have one length, and say nothing of their texts. */
export function isSame(left: string, right: string): boolean {
  return timingSafeEqual(
    createHash('sha256').update(left).digest(),
    createHash('sha256').update(right).digest(),
  );
}

/** Bound to the session and nothing that is stored: who reads the database cannot make one. */
export const csrfTokenOf = (sessionSecret: string): string =>
  createHash('sha256').update(`csrf ${sessionSecret}`).digest('base64url');
