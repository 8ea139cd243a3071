import { expect, test } from 'vitest';

import { codeIn, credentialOf } from './credential.ts';

test('a long text is a token, a short one a one-time code', () => {
  const token = `ltk_0123456789abcdef_${'0'.repeat(64)}`;
  expect(credentialOf(token)).toEqual({ token });
  expect(credentialOf('Zm9vYmFyYmF6cXV4cXV1eA12345')).toEqual({ code: 'Zm9vYmFyYmF6cXV4cXV1eA12345' });
});

test('the code of a link is behind the number sign, and nothing else is taken for one', () => {
  expect(codeIn('#code=abc-_1')).toBe('abc-_1');
  expect(codeIn('#code=')).toBeUndefined();
  expect(codeIn('#code=a&b=c')).toBeUndefined();
  expect(codeIn('')).toBeUndefined();
});
