import { visibleText } from '../../design/visible-text.ts';

/**
 * Rows as a table for a spreadsheet. A cell that a spreadsheet would calculate gets an apostrophe
 * in front, which it shows as text; line breaks and invisible characters stand as escapes, so that
 * a cell stays a cell.
 */
export type CsvColumn<Row> = readonly [name: string, cell: (row: Row) => string | number];

const FORMULA = /^[\s'"]*[=+\-@\uff1d\uff0b\uff0d\uff20|%]/;

export function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = visibleText(value);
  const guarded = FORMULA.test(text) ? `'${text}` : text;
  return `"${guarded.replaceAll('"', '""')}"`;
}

/** With a byte order mark: without one a spreadsheet takes Chinese for something else. */
export function csvTable<Row>(rows: readonly Row[], columns: readonly CsvColumn<Row>[]): string {
  const lines = [
    columns.map(([name]) => csvCell(name)).join(','),
    ...rows.map((row) => columns.map(([, cell]) => csvCell(cell(row))).join(',')),
  ];
  return `\ufeff${lines.join('\r\n')}\r\n`;
}
