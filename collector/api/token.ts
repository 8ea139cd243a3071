import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * The access token of the embedded start: 256 random bits in a file that only its owner reads, made
 * at the first start. The server keeps its hash alone; comparing hashes takes the same time
 * whatever was sent.
 */
const TOKEN_BYTES = 32;
const TOKEN_CHARACTERS_MIN = 32;

export type AccessToken = {
  readonly token: string;
  /** Just made: the operator should be told where it is. */
  readonly isNew: boolean;
};

export function readOrMakeToken(file: string): AccessToken {
  try {
    return { token: checked(readFileSync(file, 'utf8').trim(), file), isNew: false };
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
  }
  const token = makeToken();
  // `wx`: of two collectors that start at once, one makes the token and the other fails loudly.
  writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return { token, isNew: true };
}

export const makeToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url');

function checked(token: string, file: string): string {
  if (token.length >= TOKEN_CHARACTERS_MIN) return token;
  throw new Error(`the access token in ${file} is shorter than ${TOKEN_CHARACTERS_MIN} characters`);
}

export class TokenCheck {
  readonly #hash: Buffer;

  constructor(token: string) {
    this.#hash = hashOf(token);
  }

  accepts(authorization: string | undefined): boolean {
    const sent = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1];
    return sent !== undefined && timingSafeEqual(hashOf(sent), this.#hash);
  }
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
