import { useRef, useState } from 'react';
import type { ReactNode } from 'react';

import { KeysDialog } from '../../app/keys-dialog.tsx';
import { ROWS_MAX } from '../../data/live-alerts.ts';
import { Button } from '../../design/button.tsx';
import { EmptyState, ErrorState, ErrorText, Loading, Notice } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { liveWords } from '../../words/live.ts';
import { AlertList } from './alert-list.tsx';
import { FilterBar } from './filter-bar.tsx';
import { isFiltered } from './filters.ts';
import { LiveHeader } from './live-header.tsx';
import { useAcknowledge } from './use-acknowledge.ts';
import { useHistory } from './use-history.ts';
import type { History } from './use-history.ts';
import { useKeys } from './use-keys.ts';
import { useLiveList } from './use-live-list.ts';
import type { LiveList } from './use-live-list.ts';
import css from './live.module.css';

/**
 * Alerts as they come. The list stands still while somebody has paused it or looks at older ones;
 * what came meanwhile is counted, and rows go on folding in place.
 */
export function LivePage(): ReactNode {
  const words = useWords(liveWords);
  const list = useLiveList();
  const { held, selected } = list;
  const history = useHistory(list.filters);
  const acknowledge = useAcknowledge();
  const [isHelp, setHelp] = useState(false);
  const searchRef = useRef<HTMLDivElement>(null);
  const scrollRef = useRef<HTMLDivElement>(null);
  const goOn = (): void => {
    list.goOn();
    scrollRef.current?.scrollTo({ top: 0 });
  };
  const next = (): void => list.select(selected + 1);
  const previous = (): void => list.select(selected - 1);
  useKeys({
    j: next,
    ArrowDown: next,
    k: previous,
    ArrowUp: previous,
    Enter: () => list.open(selected),
    a: () => list.selectedAlert && acknowledge.run(list.selectedAlert),
    p: () => (held.isPaused ? goOn() : held.pause()),
    '/': () => searchRef.current?.querySelector('input')?.focus(),
    '?': () => setHelp(true),
    Escape: goOn,
  });
  const { notice } = acknowledge;
  return (
    <div className={css.page}>
      <LiveHeader list={list} onGoOn={goOn} onHelp={() => setHelp(true)} />
      <FilterBar filters={list.filters} searchRef={searchRef} onChange={list.filter} />
      {notice !== undefined && (
        <div className={css.notice}>
          <Notice tone={notice.tone}>
            {notice.error === undefined ? notice.text : <ErrorText error={notice.error} />}
          </Notice>
        </div>
      )}
      <div className={css.frame}>
        {held.isHeld && held.newer > 0 && (
          <button type="button" className={css.newer} onClick={goOn}>
            <span aria-hidden="true">↑</span> {words.showNew(held.newer)}
          </button>
        )}
        {held.rows.length === 0 ? <Nothing list={list} history={history} /> : (
          <AlertList
            rows={held.rows}
            latest={list.latest}
            selected={selected}
            scrollRef={scrollRef}
            onSelect={list.select}
            onOpen={list.open}
            onAway={(isAway) => (isAway ? held.hold() : selected < 0 && held.releaseUnlessPaused())}
            foot={<Older list={list} history={history} />}
          />
        )}
      </div>
      {isHelp && <KeysDialog onClose={() => setHelp(false)} />}
    </div>
  );
}

type Parts = { readonly list: LiveList; readonly history: History };

function Nothing({ list, history }: Parts): ReactNode {
  const words = useWords(liveWords);
  if (history.isLoading) return <Loading />;
  if (history.error !== undefined) return <ErrorState error={history.error} />;
  return isFiltered(list.filters)
    ? <EmptyState title={words.emptyFilteredTitle} />
    : <EmptyState title={words.emptyTitle}>{words.emptyDetail}</EmptyState>;
}

function Older({ list, history }: Parts): ReactNode {
  const words = useWords(liveWords);
  if (list.latest.rows.length >= ROWS_MAX) return words.full;
  if (history.loadOlder !== undefined) {
    return <Button onClick={history.loadOlder}>{words.older}</Button>;
  }
  return history.isLoading ? null : words.end;
}
