/**
 * What a person typed: a token is 43 characters or more, or has a prefix; a one-time code is shorter.
 * In the link that `npm start` prints the code is behind `#`, which browsers send to nobody.
 */
const TOKEN_CHARACTERS_MIN = 32;

export const credentialOf = (text: string): { readonly token: string } | { readonly code: string } =>
  text.length >= TOKEN_CHARACTERS_MIN ? { token: text } : { code: text };

export const codeIn = (hash: string): string | undefined =>
  /^#code=([A-Za-z0-9_-]{1,128})$/.exec(hash)?.[1];
