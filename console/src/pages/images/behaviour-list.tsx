import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import type { ReactNode } from 'react';

import type { ProfileBehaviour } from '../../../../collector/api/contract/profile.ts';
import { Code } from '../../design/code.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { channelWords } from '../../words/domain.ts';
import { profileWords } from '../../words/images.ts';
import type { Asked } from './behaviours-tab.tsx';
import { JudgeButtons } from './judge-buttons.tsx';
import css from './behaviour-list.module.css';

/**
 * Thousands of rows, of which those that are seen exist. Each is measured: a command line may take
 * many lines. For screen readers it is a table that says how many rows there are in truth.
 */
const ROW_PX = 44;
const OVERSCAN = 8;

export function BehaviourList(
  { rows, onJudge }: {
    readonly rows: readonly ProfileBehaviour[];
    readonly onJudge: (asked: Asked) => void;
  },
): ReactNode {
  const words = useWords(profileWords);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    getItemKey: (index) => `${rows[index]?.channel} ${rows[index]?.value}`,
  });
  const heads = [words.behaviour, words.channel, words.seenIn, words.first, words.last,
    words.ruling];
  return (
    <div
      ref={scroller}
      className={css.scroller}
      role="table"
      aria-label={words.tabs.behaviours}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
    >
      <div role="rowgroup" className={css.head}>
        <div role="row" aria-rowindex={1} className={css.row}>
          {heads.map((head) => <div key={head} role="columnheader">{head}</div>)}
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
              <Cells row={row} onJudge={onJudge} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Cells(
  { row, onJudge }: {
    readonly row: ProfileBehaviour;
    readonly onJudge: (asked: Asked) => void;
  },
): ReactNode {
  const words = useWords(profileWords);
  const channels = useWords(channelWords);
  return (
    <>
      <div role="cell" className={css.value}><Code text={row.value} /></div>
      <div role="cell" data-label={words.channel}>{channels[row.channel]}</div>
      <div role="cell" data-label={words.seenIn}>
        {words.seenPods(row.pods, row.isAtLeast)}, {words.seenReporters(row.reporters)}
      </div>
      <div role="cell" data-label={words.first}><Time at={row.firstTime} as="ago" /></div>
      <div role="cell" data-label={words.last}><Time at={row.lastTime} as="ago" /></div>
      <div role="cell">
        <JudgeButtons behaviour={row} ruling={row.ruling} onJudge={onJudge} />
      </div>
    </>
  );
}
