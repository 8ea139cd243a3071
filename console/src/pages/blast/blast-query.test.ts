import { expect, test } from 'vitest';

import { blastAddressOf, blastQueryOf, blastQuestionOf } from './blast-query.ts';

const asked = (address: string) =>
  blastQueryOf(blastQuestionOf(new URLSearchParams(address.split('?')[1])));

test('an address asks what the link to it meant', () => {
  const behaviour = 'exec:exec /usr/bin/nc ← bash & more=1';
  expect(asked(blastAddressOf('behaviour', behaviour))).toEqual({ behaviour, days: 30 });
  expect(asked(blastAddressOf('image', 'shop/web:1'))).toEqual({ image: 'shop/web:1', days: 30 });
  expect(asked(`${blastAddressOf('alert', 'a-1')}&days=7`)).toEqual({ alert: 'a-1', days: 7 });
});

test('nothing is asked while it is empty or no question', () => {
  expect(asked('?')).toBeNull();
  expect(asked(blastAddressOf('image', ' '))).toBeNull();
  expect(asked(blastAddressOf('layer', 'sha256:abc'))).toBeNull();
  expect(asked(blastAddressOf('behaviour', 'bash'))).toBeNull();
  expect(asked('?kind=else&value=x&days=9999')).toEqual({ image: 'x', days: 30 });
});
