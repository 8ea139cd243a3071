import { expect, test } from 'vitest';

import { percentOf } from './percent.ts';

test('only everything is 100 %', () => {
  expect(percentOf(1)).toBe('100 %');
  expect(percentOf(0.9999)).toBe('99.9 %');
  expect(percentOf(0.5)).toBe('50 %');
  expect(percentOf(0)).toBe('0 %');
});

test('what is no share is drawn inside the bounds', () => {
  expect(percentOf(-1)).toBe('0 %');
  expect(percentOf(7)).toBe('100 %');
  expect(percentOf(Number.NaN)).toBe('0 %');
});
