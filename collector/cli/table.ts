import { escapeText, padEnd, truncate, widthOf } from './terminal.ts';

/** Columns as wide as their widest cell; the last one takes what is left of the line. */
export type Column<Row> = { readonly title: string; readonly cell: (row: Row) => string };

const GAP = '  ';

export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number | undefined,
): string {
  const cells = [
    columns.map(({ title }) => title.toUpperCase()),
    ...rows.map((row) => columns.map(({ cell }) => escapeText(cell(row)))),
  ];
  const widths = columns.map((_, index) =>
    Math.max(...cells.map((row) => widthOf(row[index] ?? ''))));
  return cells.map((row) => {
    const line = row.map((cell, index) => padEnd(cell, widths[index] ?? 0)).join(GAP).trimEnd();
    return `${width === undefined ? line : truncate(line, width)}\n`;
  }).join('');
}
