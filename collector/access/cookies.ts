/**
 * The session's cookie. Over TLS its name begins with `__Host-`: no sibling domain and no plaintext
 * page can then plant one. On a loopback without TLS nothing can forbid that, so a request with
 * two cookies of that name is refused instead of guessing which one is meant.
 */
export const cookieName = (isSecure: boolean): string =>
  isSecure ? '__Host-lanner' : 'lanner-session';

export const signInCookieName = (isSecure: boolean): string =>
  isSecure ? '__Host-lanner-oidc' : 'lanner-oidc';

export type CookieRead =
  | { readonly kind: 'none' }
  | { readonly kind: 'one'; readonly value: string }
  | { readonly kind: 'several' };

const VALUE = /^[A-Za-z0-9._~-]{1,2048}$/;

export function readCookie(header: string | undefined, name: string): CookieRead {
  const values: string[] = [];
  for (const part of (header ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0 || part.slice(0, equals).trim() !== name) continue;
    values.push(part.slice(equals + 1).trim());
  }
  const [value] = values;
  if (value === undefined) return { kind: 'none' };
  return values.length === 1 && VALUE.test(value) ? { kind: 'one', value } : { kind: 'several' };
}

export type CookieTerms = {
  readonly isSecure: boolean;
  /** `Lax` only for what has to survive the way to the provider and back. */
  readonly sameSite: 'Strict' | 'Lax';
  /** 0 takes the cookie away. */
  readonly maxAgeSeconds: number;
};

export function setCookie(name: string, value: string, terms: CookieTerms): string {
  const { isSecure, sameSite, maxAgeSeconds } = terms;
  const parts = [`${name}=${value}`, 'Path=/', 'HttpOnly', `SameSite=${sameSite}`,
    `Max-Age=${maxAgeSeconds}`];
  return [...parts, ...(isSecure ? ['Secure'] : [])].join('; ');
}
