import fc from 'fast-check';
import { expect, test } from 'vitest';

import { csvCell, csvTable } from './csv-table.ts';

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

test('a table begins with a byte order mark and ends each line as spreadsheets do', () => {
  expect(csvTable([{ n: 1 }], [['n', ({ n }) => n], ['text', () => '=1']]))
    .toBe('\ufeff"n","text"\r\n1,"\'=1"\r\n');
});
