import fc from 'fast-check';
import { expect, test } from 'vitest';

import { keyOfProfileId, profileId } from './profile-id.ts';

test('each key has one id that a path can hold, and the id gives the key back', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (key) => {
    const id = profileId(key);
    expect(encodeURIComponent(id)).toBe(id);
    expect(keyOfProfileId(id)).toBe(key);
  }));
});

test('what is no id is none: padding, other alphabets, bytes that are no text', () => {
  expect(keyOfProfileId('')).toBeUndefined();
  expect(keyOfProfileId('YQ==')).toBeUndefined();
  expect(keyOfProfileId('a/b')).toBeUndefined();
  expect(keyOfProfileId('_w')).toBeUndefined();
  // The last character carries spare bits: two spellings of one key would be two ids.
  expect(keyOfProfileId('YR')).toBeUndefined();
});
