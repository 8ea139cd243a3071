import fc from 'fast-check';
import { expect, test } from 'vitest';

import { csvCell, csvOf } from './csv.ts';

test.each(['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '＝1', '"=1', '|calc', '%0A=1'])(
  'a spreadsheet does not calculate %s',
  (text) => {
    expect(csvCell(text).startsWith(`"'`)).toBe(true);
  },
);

test('quotes are doubled and line breaks are escapes, so that a cell stays a cell', () => {
  expect(csvCell('a "b",\nc')).toBe('"a ""b"",\\nc"');
  expect(csvCell(12.5)).toBe('12.5');
});

test('no text breaks out of its cell', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    const inside = csvCell(text).slice(1, -1).replaceAll('""', '');
    expect(inside).not.toMatch(/["\r\n]/);
    expect(inside).not.toMatch(/^[=+\-@]/);
  }));
});

test('an export without rows has its heads', () => {
  expect(csvOf([])).toMatch(/^\ufeff"id","received".*\r\n$/);
});
