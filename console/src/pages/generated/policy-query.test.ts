import { expect, test } from 'vitest';

import { fileNameOf, policyFormOf, policyQuestionOf, valuesOf } from './policy-query.ts';

const asked = (text: string) => policyQuestionOf(policyFormOf(new URLSearchParams(text)));

test('network policies are asked for a namespace, the others for an image', () => {
  expect(asked('namespace=shop')).toEqual({ of: 'namespace', namespace: 'shop',
    format: 'kubernetes', days: 7, incomplete: false });
  expect(asked('kind=cilium&namespace=shop&days=30&incomplete=1')).toMatchObject(
    { format: 'cilium', days: 30, incomplete: true });
  expect(asked('kind=seccomp&profile=abc&namespace=shop'))
    .toEqual({ of: 'image', profile: 'abc', kind: 'seccomp' });
});

test('nothing is asked while the namespace or the image is missing', () => {
  for (const text of ['', 'namespace=Shop', 'namespace=-', 'kind=falco', 'kind=x&profile=abc']) {
    expect(asked(text)).toBeNull();
  }
});

test('the address holds what is not usual, and what belongs to the kind', () => {
  const form = policyFormOf(new URLSearchParams('kind=falco&profile=abc&namespace=shop&days=30'));
  expect(valuesOf(form)).toEqual({ kind: 'falco', namespace: '', days: '', incomplete: '',
    profile: 'abc' });
});

test('a file has a name that any disk takes', () => {
  expect(fileNameOf('registry.example/shop/web:1.4', 'seccomp'))
    .toBe('registry.example-shop-web-1.4-seccomp.json');
  expect(fileNameOf('../../x\u202e', 'kubernetes')).toBe('..-..-x--kubernetes.yaml');
});
