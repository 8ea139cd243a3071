import { expect, test } from 'vitest';

import { cookieName, readCookie, setCookie } from './cookies.ts';

test('over TLS no sibling can plant it, and it goes nowhere in plaintext', () => {
  const name = cookieName(true);
  const terms = { isSecure: true, sameSite: 'Strict', maxAgeSeconds: 60 } as const;
  // A browser takes `__Host-` with Secure, Path=/ and without Domain alone.
  expect(setCookie(name, 'x', terms))
    .toBe('__Host-lanner=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure');
});

test('is read when it is there once and looks like one', () => {
  const read = (header: string | undefined) => readCookie(header, 'c');
  expect(read(undefined)).toEqual({ kind: 'none' });
  expect(read('cc=1; d=2;; =3')).toEqual({ kind: 'none' });
  expect(read('a=b; c=abc-_1; d=e')).toEqual({ kind: 'one', value: 'abc-_1' });
  expect(read('c=abc;c=def')).toEqual({ kind: 'several' });
  expect(read('c=abc; c=abc')).toEqual({ kind: 'several' });
  for (const value of ['', '"abc"', 'a b', 'a,b', 'a%20b', 'ä', 'x'.repeat(2_049)]) {
    expect(read(`c=${value}`)).toEqual({ kind: 'several' });
  }
});
