import { expect, test } from 'vitest';
import { Value } from 'typebox/value';

import { createTokenBody } from '../../../../collector/api/contract/access.ts';
import { readTokenForm } from './token-form.ts';
import type { TokenForm } from './token-form.ts';

const form = (over: Partial<TokenForm> = {}): TokenForm =>
  ({ name: 'ci', role: 'viewer', namespaces: '', days: '90', ...over });

test('what the form makes is what the API takes', () => {
  for (const filled of [
    form(),
    form({ namespaces: ' shop, payments shop', days: '' }),
    form({ name: 'a.b_c-1', role: 'admin', days: '1' }),
  ]) {
    const read = readTokenForm(filled);
    expect(read.ok && Value.Check(createTokenBody, read.body)).toBe(true);
  }
  expect(readTokenForm(form({ namespaces: 'shop, payments shop' }))).toMatchObject({
    body: { grants: [{ role: 'viewer', namespaces: ['shop', 'payments'] }], expiresDays: 90 },
  });
  expect(readTokenForm(form({ days: '' })))
    .toMatchObject({ body: { grants: [{ namespaces: 'all' }], expiresDays: null } });
});

test('what the API would refuse is said before it is asked', () => {
  const wrong = (over: Partial<TokenForm>) => readTokenForm(form(over));
  expect(wrong({ name: 'CI' })).toEqual({ ok: false, wrong: 'name' });
  expect(wrong({ name: '' })).toEqual({ ok: false, wrong: 'name' });
  expect(wrong({ name: 'bootstrap' })).toEqual({ ok: false, wrong: 'name-taken' });
  expect(wrong({ namespaces: 'shop,*' })).toEqual({ ok: false, wrong: 'namespaces' });
});
