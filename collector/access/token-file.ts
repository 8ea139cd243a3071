import { readFileSync, writeFileSync } from 'node:fs';

import { makeToken } from './secret-text.ts';

/**
 * The first admin token: in a file that only its owner reads, made at the first start, so that
 * lannerctl on the same machine works at once. A mounted Secret may hold any long random text.
 */
const SECRET = /^[\x21-\x7e]{32,512}$/;

export type FileToken = {
  readonly token: string;
  /** Just made: the operator should be told. */
  readonly isNew: boolean;
};

export function readOrMakeToken(file: string): FileToken {
  try {
    return { token: checked(readFileSync(file, 'utf8').trim(), file), isNew: false };
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
  }
  const { text } = makeToken();
  // `wx`: of two collectors that start at once, one makes the token and the other fails loudly.
  writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx' });
  return { token: text, isNew: true };
}

function checked(token: string, file: string): string {
  if (SECRET.test(token)) return token;
  throw new Error(`the access token in ${file} must be 32 to 512 characters, without blanks`);
}
