import type { ReactNode } from 'react';

import { saveText } from '../../data/download.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { LongTable } from '../../design/long-table.tsx';
import type { LongColumn } from '../../design/long-table.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState } from '../../design/states.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { blastWords } from '../../words/blast.ts';
import { csvTable } from '../parts/csv-table.ts';
import { csvColumns } from './blast-csv.ts';
import type { BlastList as List } from './blast-csv.ts';

/** One list with its export, and the columns that several have. */
type Seen = {
  readonly runsNow: boolean;
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
};

export function useSeenColumns<Row extends Seen>(): readonly LongColumn<Row>[] {
  const words = useWords(blastWords);
  const time = (at: string | null): ReactNode =>
    (at === null ? '–' : <Time at={at} as="ago" />);
  return [
    { key: 'state', label: words.state, width: '120px', cell: ({ runsNow, lastSeen }) => (
      <Badge tone={runsNow ? 'warn' : 'neutral'}>
        {runsNow ? words.runsNow : lastSeen === null ? words.never : words.ranLast}
      </Badge>
    ) },
    { key: 'first', label: words.first, width: '100px', isSpare: true,
      cell: ({ firstSeen }) => time(firstSeen) },
    { key: 'last', label: words.last, width: '100px', cell: ({ lastSeen }) => time(lastSeen) },
  ];
}

export function usePodColumn<Row extends { readonly pods: number; readonly podsNow: number }>():
LongColumn<Row> {
  const words = useWords(blastWords);
  return { key: 'pods', label: words.pods, width: '100px', isNumber: true,
    cell: ({ pods, podsNow }) =>
      `${pods.toLocaleString()} (${words.now} ${podsNow.toLocaleString()})` };
}

export function BlastList<Row>(
  { list, rows, columns, keyOf }: {
    readonly list: List;
    readonly rows: readonly Row[];
    readonly columns: readonly LongColumn<Row>[];
    readonly keyOf: (row: Row) => string;
  },
): ReactNode {
  const words = useWords(blastWords);
  return (
    <Panel
      title={words.totals[list]}
      isFlush
      actions={(
        <Button size="small" icon="download" aria-label={words.exportCsv}
          disabled={rows.length === 0}
          onClick={() => saveText(`blast-radius-${list}.csv`, 'text/csv',
            csvTable(rows, csvColumns<Row>(list)))}
        >
          CSV
        </Button>
      )}
    >
      {rows.length === 0
        ? <EmptyState title={words.verdictNone} />
        : <LongTable caption={words.totals[list]} columns={columns} rows={rows} keyOf={keyOf} />}
    </Panel>
  );
}
