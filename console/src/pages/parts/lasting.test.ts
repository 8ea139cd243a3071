import { expect, test } from 'vitest';

import { lastingOf } from './lasting.ts';

test('a time is told in the largest unit that still says something', () => {
  expect(lastingOf(0)).toEqual({ unit: 'seconds', n: 0 });
  expect(lastingOf(90)).toEqual({ unit: 'seconds', n: 90 });
  expect(lastingOf(600)).toEqual({ unit: 'minutes', n: 10 });
  expect(lastingOf(7_200)).toEqual({ unit: 'hours', n: 2 });
  expect(lastingOf(604_800)).toEqual({ unit: 'days', n: 7 });
});

test('what is no time is told as none', () => {
  expect(lastingOf(-1)).toBeNull();
  expect(lastingOf(Number.NaN)).toBeNull();
});
