import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { ReactNode, Ref } from 'react';

import type { LiveRow, LiveSnapshot } from '../../data/live-alerts.ts';
import { useMedia } from '../../data/use-media.ts';
import { useWords } from '../../words/catalogue.ts';
import { liveWords } from '../../words/live.ts';
import { AlertRow } from './alert-row.tsx';
import css from './live.module.css';

const ROW_PX = 34;
const CARD_PX = 62;
const OVERSCAN = 6;

export const rowId = (index: number): string => `alert-row-${index}`;

export type AlertListProps = {
  readonly rows: readonly LiveRow[];
  readonly latest: LiveSnapshot;
  /** Index of the row that keys act on; -1 for none. */
  readonly selected: number;
  readonly onSelect: (index: number) => void;
  readonly onOpen: (index: number) => void;
  /** Scrolled away from the newest, or back. */
  readonly onAway: (isAway: boolean) => void;
  readonly foot: ReactNode;
  readonly scrollRef: Ref<HTMLDivElement>;
};

/** Only the rows in sight are in the document; the rest is height. */
export function AlertList(props: AlertListProps): ReactNode {
  const { rows, latest, selected, onSelect, onOpen, onAway, foot, scrollRef } = props;
  const words = useWords(liveWords);
  const scroll = useRef<HTMLDivElement>(null);
  const isNarrow = useMedia('(max-width: 860px)');
  const rowPx = isNarrow ? CARD_PX : ROW_PX;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowPx,
    overscan: OVERSCAN,
  });
  useEffect(() => virtual.measure(), [rowPx, virtual]);
  useEffect(() => {
    if (selected >= 0) virtual.scrollToIndex(selected);
  }, [selected, virtual]);
  return (
    <div
      ref={(element) => {
        scroll.current = element;
        if (typeof scrollRef === 'function') scrollRef(element);
        else if (scrollRef !== null) scrollRef.current = element;
      }}
      className={css.scroll}
      role="grid"
      aria-label={words.alerts}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      {...(selected >= 0 ? { 'aria-activedescendant': rowId(selected) } : {})}
      onScroll={(event) => onAway(event.currentTarget.scrollTop > rowPx)}
    >
      <div role="row" aria-rowindex={1} className={css.head}>
        {(['severity', 'time', 'what', 'where', 'image', 'count', 'score'] as const).map((name) => (
          <span key={name} role="columnheader" className={css[name]}>{words.columns[name]}</span>
        ))}
      </div>
      <div
        role="rowgroup"
        className={css.rows}
        style={{ height: virtual.getTotalSize() }}
        onClick={(event) => {
          const row = (event.target as Element).closest('[role=row]');
          const index = Number(row?.getAttribute('data-index') ?? Number.NaN);
          if (!Number.isInteger(index)) return;
          onSelect(index);
          // A link opens by itself, and in a new tab where somebody wants one.
          if ((event.target as Element).closest('a') === null) onOpen(index);
        }}
      >
        {virtual.getVirtualItems().map(({ index, start, size }) => {
          const row = rows[index];
          if (row === undefined) return null;
          const { alert } = latest.byId.get(row.alert.id) ?? row;
          return (
            <AlertRow
              key={alert.id}
              id={rowId(index)}
              alert={alert}
              index={index}
              isSelected={index === selected}
              acknowledgedBy={latest.acknowledgedBy.get(alert.incidentId)}
              top={start}
              height={size}
            />
          );
        })}
      </div>
      <div className={css.foot}>{foot}</div>
    </div>
  );
}
