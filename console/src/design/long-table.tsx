import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import type { CSSProperties, ReactNode } from 'react';

import css from './long-table.module.css';

/**
 * Thousands of rows, of which those that are seen exist. Each is measured: a name may take many
 * lines. For screen readers it is a table that says how many rows there are in truth; below 640 px
 * each row is a card of label and value.
 */
const ROW_PX = 40;
const OVERSCAN = 8;

export type LongColumn<Row> = {
  readonly key: string;
  readonly label: string;
  readonly cell: (row: Row) => ReactNode;
  /** As a grid has it, e.g. `90px`; the rest is shared where there is none. */
  readonly width?: string;
  readonly isNumber?: boolean;
  /** Left out between 640 and 1100 px, where the others need the room. */
  readonly isSpare?: boolean;
};

export function LongTable<Row>(
  { caption, columns, rows, keyOf, foot }: {
    readonly caption: string;
    readonly columns: readonly LongColumn<Row>[];
    readonly rows: readonly Row[];
    readonly keyOf: (row: Row) => string;
    /** After the last row: older ones to ask for, or that there are no more. */
    readonly foot?: ReactNode;
  },
): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : keyOf(row);
    },
  });
  return (
    <div ref={scroller} className={css.scroller} tabIndex={0} style={widthsOf(columns)}>
      <div role="table" aria-label={caption} aria-rowcount={rows.length + 1}>
        <div role="rowgroup" className={css.head}>
          <div role="row" aria-rowindex={1} className={css.row}>
            {columns.map(({ key, label, isNumber, isSpare }) => (
              <div key={key} role="columnheader" className={classOf({ isNumber, isSpare })}>
                {label}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" className={css.body} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, key, start }) => {
            const row = rows[index];
            return row !== undefined && (
              <div
                key={key}
                ref={virtual.measureElement}
                data-index={index}
                role="row"
                aria-rowindex={index + 2}
                className={`${css.row} ${css.item}`}
                style={{ transform: `translateY(${start}px)` }}
              >
                <Cells row={row} columns={columns} />
              </div>
            );
          })}
        </div>
      </div>
      {foot !== undefined && <div className={css.foot}>{foot}</div>}
    </div>
  );
}

function Cells<Row>(
  { row, columns }: { readonly row: Row; readonly columns: readonly LongColumn<Row>[] },
): ReactNode {
  return columns.map(({ key, label, cell, isNumber, isSpare }) => (
    <div key={key} role="cell" data-label={label} className={classOf({ isNumber, isSpare })}>
      <div className={css.value}>{cell(row)}</div>
    </div>
  ));
}

/** Two sets: with the spare columns and without. Which one holds, the style sheet says. */
function widthsOf<Row>(columns: readonly LongColumn<Row>[]): CSSProperties {
  const widths = (of: readonly LongColumn<Row>[]): string =>
    of.map(({ width }) => width ?? 'minmax(0, 1fr)').join(' ');
  return {
    '--columns': widths(columns),
    '--columns-few': widths(columns.filter(({ isSpare }) => isSpare !== true)),
  } as CSSProperties;
}

const classOf = (
  { isNumber, isSpare }: {
    readonly isNumber: boolean | undefined;
    readonly isSpare: boolean | undefined;
  },
): string =>
  [css.cell, isNumber === true ? css.number : '', isSpare === true ? css.spare : ''].join(' ');
