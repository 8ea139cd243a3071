/** Of the form of a service account's token; no API server but the double believes it. */
export function aToken(
  { expiresAtMs, subject = 'agent' }: { readonly expiresAtMs: number; readonly subject?: string },
): string {
  const part = (claims: object): string =>
    Buffer.from(JSON.stringify(claims)).toString('base64url');
  const claims = { sub: subject, exp: Math.floor(expiresAtMs / 1_000) };
  return `${part({ alg: 'none' })}.${part(claims)}.c2lnbmF0dXJl`;
}
