import type { ReactNode } from 'react';

import { saveText } from '../../data/download.ts';
import { Button, IconButton } from '../../design/button.tsx';
import { PageHeader } from '../../design/page.tsx';
import { useWords } from '../../words/catalogue.ts';
import { liveWords } from '../../words/live.ts';
import { csvOf } from './csv.ts';
import { Rate } from './rate.tsx';
import { SeverityCounts } from './severity-counts.tsx';
import type { LiveList } from './use-live-list.ts';
import css from './live.module.css';

export function LiveHeader(
  { list, onGoOn, onHelp }: {
    readonly list: LiveList;
    readonly onGoOn: () => void;
    readonly onHelp: () => void;
  },
): ReactNode {
  const words = useWords(liveWords);
  const { held, latest, filters } = list;
  const save = (): void => saveText('alerts.csv', 'text/csv;charset=utf-8',
    csvOf(held.rows.map(({ alert }) => alert)));
  return (
    <PageHeader
      title={words.title}
      lead={(
        <span className={css.lead}>
          <span role="status">
            {words.shown(held.rows.length)}
            {latest.droppedRows > 0 && ` · ${words.dropped(latest.droppedRows)}`}
          </span>
          <SeverityCounts
            chosen={filters.severity}
            onChoose={(severity) => list.filter({ ...filters, severity })}
          />
        </span>
      )}
      actions={(
        <>
          <Rate />
          <Button
            icon={held.isPaused ? 'play' : 'pause'}
            look={held.isPaused ? 'main' : 'plain'}
            onClick={() => (held.isPaused ? onGoOn() : held.pause())}
          >
            {held.isPaused ? words.resume : words.pause}
          </Button>
          <IconButton label={words.exportCsv} icon="download" onClick={save} />
          <IconButton label={words.keys} icon="keys" onClick={onHelp} />
        </>
      )}
    />
  );
}
