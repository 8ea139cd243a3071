import type { ReactNode } from 'react';

import css from './table.module.css';

export type Column<Row> = {
  readonly key: string;
  readonly label: string;
  readonly cell: (row: Row) => ReactNode;
  readonly isNumber?: boolean;
  /** Its words are for screen readers alone, e.g. over buttons. */
  readonly isLabelHidden?: boolean;
};

/** A plain table; below 640 px each row is a card of label and value. */
export function Table<Row>(
  { caption, columns, rows, keyOf }: {
    /** What the table is, for those who do not see it. */
    readonly caption: string;
    readonly columns: readonly Column<Row>[];
    readonly rows: readonly Row[];
    readonly keyOf: (row: Row) => string;
  },
): ReactNode {
  return (
    <table className={css.table}>
      <caption className="for-screen-readers">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ key, label, isNumber, isLabelHidden }) => (
            <th key={key} scope="col" className={isNumber === true ? css.number : undefined}>
              {isLabelHidden === true
                ? <span className="for-screen-readers">{label}</span>
                : label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ key, label, cell, isNumber, isLabelHidden }) => (
              <td
                key={key}
                className={isNumber === true ? css.number : undefined}
                data-label={isLabelHidden === true ? '' : label}
              >
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
