import { Value } from 'typebox/value';
import { expect, test } from 'vitest';

import { suppressionMatch } from '../../../../collector/api/contract/suppression.ts';
import { EMPTY_FORM, formLike, formOf, matchText, readMatch } from './suppression-form.ts';
import type { SuppressionForm } from './suppression-form.ts';

const read = (over: Partial<SuppressionForm>) => readMatch({ ...EMPTY_FORM, ...over });

test('what the form makes is what the API takes', () => {
  const filled = read({
    namespace: ' shop ',
    channel: 'exec',
    behaviours: 'exec /bin/sh ← nginx\n\n  exec /usr/bin/* ← sh ',
    techniques: 't1059.004, T1105',
  });
  expect(filled).toEqual({ ok: true, match: {
    namespace: 'shop',
    channels: ['exec'],
    behaviours: [
      { kind: 'exact', value: 'exec /bin/sh ← nginx' },
      { kind: 'glob', value: 'exec /usr/bin/* ← sh' },
    ],
    techniques: ['T1059.004', 'T1105'],
  } });
  expect(filled.ok && Value.Check(suppressionMatch, filled.match)).toBe(true);
});

test('a rule that names nothing, or only a channel, is not asked for', () => {
  expect(read({})).toEqual({ ok: false, wrong: 'empty' });
  expect(read({ channel: 'exec' })).toEqual({ ok: false, wrong: 'empty' });
  expect(read({ channel: 'no such channel' })).toEqual({ ok: false, wrong: 'empty' });
  expect(read({ techniques: 'shell' })).toEqual({ ok: false, wrong: 'technique' });
});

test('an address fills the form', () => {
  const search = new URLSearchParams('namespace=shop&behaviour=exec%20a&behaviour=exec%20b');
  expect(formOf(search))
    .toEqual({ ...EMPTY_FORM, namespace: 'shop', behaviours: 'exec a\nexec b' });
});

test('an alert fills the form with its place and its behaviours, each once', () => {
  const like = formLike({
    namespace: 'shop',
    workload: 'web',
    image: { repository: 'registry/shop/web' },
    behaviours: [{ value: 'exec a' }, { value: 'exec b' }, { value: 'exec a' }],
  });
  expect(like).toEqual({ ...EMPTY_FORM, namespace: 'shop', workload: 'web',
    image: 'registry/shop/web', behaviours: 'exec a\nexec b' });
});

test('a rule is told in a line', () => {
  const filled = read({ namespace: 'shop', image: '*/web', behaviours: 'exec a\nexec b*' });
  expect(filled.ok && matchText(filled.match)).toBe('shop · */web · exec a | exec b*');
});
