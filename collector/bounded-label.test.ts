import { expect, test } from 'vitest';

import { BoundedLabel, IMAGE_FORM, NAMESPACE_FORM, OTHER, TECHNIQUE_FORM } from './bounded-label.ts';

test('the first ones keep their names, those beyond the bound are others, for good', () => {
  const label = new BoundedLabel(NAMESPACE_FORM, 2);
  expect(['shop', 'bank', 'late', 'shop', 'late'].map((value) => label.of(value)))
    .toEqual(['shop', 'bank', OTHER, 'shop', OTHER]);
});

test.each(['', '_other', 'Shop', 'a b', 'x'.repeat(64), 'shop\n', 'shop"} 1'])(
  '%j is no namespace, and takes no place',
  (value) => {
    const label = new BoundedLabel(NAMESPACE_FORM, 1);
    expect(label.of(value)).toBe(OTHER);
    expect(label.of('shop')).toBe('shop');
  },
);

test.each([
  ['registry.bank.example:5000/shop/web', IMAGE_FORM, true],
  ['docker.io/library/nginx', IMAGE_FORM, true],
  [`a${'b'.repeat(200)}`, IMAGE_FORM, false],
  ['T1059.004', TECHNIQUE_FORM, true],
  ['T1059.4', TECHNIQUE_FORM, false],
])('%j: the form says %#', (value, form, isTaken) => {
  expect(new BoundedLabel(form, 1).of(value)).toBe(isTaken ? value : OTHER);
});
