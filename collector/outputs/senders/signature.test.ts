import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHmac, timingSafeEqual } from 'node:crypto';

import { expect, test } from 'vitest';

import { REPLAY_SECONDS, signatureOf } from './signature.ts';

/** The lines that SECURITY.md gives to those who write a receiver. */
const [, snippet = ''] = /```js\n(function isOurs[\s\S]*?\n})\n```/.exec(
  readFileSync(join(import.meta.dirname, '../../../SECURITY.md'), 'utf8')) ?? [];
// oxlint-disable-next-line typescript/no-implied-eval -- what is documented is what is tested
const isOurs = new Function('createHmac', 'timingSafeEqual', `${snippet}; return isOurs;`)(
  createHmac, timingSafeEqual) as (...args: readonly unknown[]) => boolean;

test('the documented receiver takes what is signed, and nothing else', () => {
  const nowMs = 1_772_359_200_000;
  const now = nowMs / 1_000;
  const body = '{"items":[]}';
  const keys = [{ id: 'new', key: 'n3w' }, { id: 'old', key: '0ld' }];
  const header = signatureOf(body, keys, nowMs);
  expect(isOurs(header, body, 'new', 'n3w', now)).toBe(true);
  expect(isOurs(header, body, 'old', '0ld', now)).toBe(true);
  expect(isOurs(header, `${body} `, 'new', 'n3w', now)).toBe(false);
  expect(isOurs(header, body, 'new', '0ld', now)).toBe(false);
  expect(isOurs(header, body, 'none', 'n3w', now)).toBe(false);
  expect(isOurs(header, body, 'new', 'n3w', now + REPLAY_SECONDS + 1)).toBe(false);
  expect(isOurs('', body, 'new', 'n3w', now)).toBe(false);
});
