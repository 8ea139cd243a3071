import { useContext, useMemo } from 'react';
import type { ReactNode } from 'react';

import type { DestinationView } from '../../../../collector/api/contract/egress.ts';
import { saveText } from '../../data/download.ts';
import { useAsk } from '../../data/queries.ts';
import { Button } from '../../design/button.tsx';
import { Name } from '../../design/code.tsx';
import { SelectField, TextField } from '../../design/field.tsx';
import { LongTable } from '../../design/long-table.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading, Notice } from '../../design/states.tsx';
import { NowContext, Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { egressWords } from '../../words/egress.ts';
import { csvTable } from '../parts/csv-table.ts';
import { useSearchState } from '../parts/search-state.ts';
import { Toolbar } from '../parts/toolbar.tsx';
import { useSettled } from '../parts/use-settled.ts';
import {
  DESTINATION_COLUMNS,
  destinationsFor,
  excludeOf,
  newSinceOf,
  sinces,
} from './destination-rows.ts';
import { applicationOf } from './flow-words.ts';
import css from './egress.module.css';

/** What each application reached: the list that whoever opens the firewall asks for. */
type Answer = { readonly items: readonly DestinationView[]; readonly isPartial: boolean };

export function DestinationsTab(): ReactNode {
  const words = useWords(egressWords);
  const { search } = useSearchState();
  const now = useContext(NowContext);
  const text = (key: string): string => search.get(key) ?? '';
  const asked = useAsk<Answer>('/api/v1/egress/destinations', {
    namespace: useSettled(text('namespace').trim()),
    workload: useSettled(text('workload').trim()),
    exclude: useSettled(excludeOf(text('exclude')) ?? ''),
    newSince: newSinceOf(text('since'), now),
  }, { keepsPrevious: true });
  const find = text('q');
  const rows = useMemo(
    () => destinationsFor(asked.data?.items ?? [], find),
    [asked.data, find],
  );
  return (
    <>
      <p className={css.lead}>{words.destinationsLead}</p>
      <Filters />
      {asked.data?.isPartial === true && <Notice tone="warn">{words.partial}</Notice>}
      <Panel
        title={words.shownDestinations(rows.length)}
        isFlush
        actions={<Exports rows={rows} />}
      >
        {asked.isPending && <Loading />}
        {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
        {asked.data !== undefined && rows.length === 0 && (
          <EmptyState title={words.noDestinations}>{words.noDestinationsHint}</EmptyState>
        )}
        {rows.length > 0 && <DestinationTable rows={rows} />}
      </Panel>
    </>
  );
}

function Filters(): ReactNode {
  const words = useWords(egressWords);
  const { search, change } = useSearchState();
  const text = (key: 'q' | 'namespace' | 'workload', label: string): ReactNode => (
    <TextField label={label} type="search" maxLength={253} value={search.get(key) ?? ''}
      onChange={(value) => change({ [key]: value })} />
  );
  const exclude = search.get('exclude') ?? '';
  const names = { '': words.anyTime, 1: words.lastDay, 7: words.lastWeek, 30: words.lastMonth };
  return (
    <Toolbar>
      {text('q', words.find)}
      {text('namespace', words.namespace)}
      {text('workload', words.workload)}
      <SelectField
        label={words.newSince}
        value={sinces.find((one) => one === search.get('since')) ?? ''}
        onChange={(since) => change({ since })}
        options={(['', ...sinces] as const).map((value) => ({ value, label: names[value] }))}
      />
      <TextField
        label={words.exclude}
        type="search"
        maxLength={4_096}
        placeholder={words.excludeHint}
        aria-invalid={excludeOf(exclude) === null}
        title={excludeOf(exclude) === null ? words.excludeWrong : undefined}
        value={exclude}
        onChange={(value) => change({ exclude: value })}
      />
    </Toolbar>
  );
}

function Exports({ rows }: { readonly rows: readonly DestinationView[] }): ReactNode {
  const words = useWords(egressWords);
  return (
    <>
      <Button size="small" icon="download" aria-label={words.exportCsv} disabled={rows.length === 0}
        onClick={() => saveText('destinations.csv', 'text/csv',
          csvTable(rows, DESTINATION_COLUMNS))}
      >
        {words.csv}
      </Button>
      <Button size="small" icon="download" aria-label={words.exportJson}
        disabled={rows.length === 0}
        onClick={() => saveText('destinations.json', 'application/json',
          `${JSON.stringify(rows, null, 2)}\n`)}
      >
        {words.json}
      </Button>
    </>
  );
}

function DestinationTable({ rows }: { readonly rows: readonly DestinationView[] }): ReactNode {
  const words = useWords(egressWords);
  return (
    <LongTable
      caption={words.tabs.destinations}
      rows={rows}
      keyOf={({ cluster, namespace, workload, address, port, protocol }) =>
        JSON.stringify([cluster, namespace, workload, address, port, protocol])}
      columns={[
        { key: 'application', label: words.application, cell: (row) => (
          <Name text={applicationOf({ ...row, node: row.cluster })} />
        ) },
        { key: 'address', label: words.destination,
          cell: ({ address }) => <Name text={address} /> },
        { key: 'port', label: words.port, width: '80px',
          cell: ({ port, protocol }) => <Name text={`${port}/${protocol}`} /> },
        { key: 'names', label: words.names,
          cell: ({ names }) => (names.length === 0 ? '–' : <Name text={names.join(' ')} />) },
        { key: 'first', label: words.first, width: '110px',
          cell: ({ firstTime }) => <Time at={firstTime} as="ago" /> },
        { key: 'last', label: words.last, width: '110px', isSpare: true,
          cell: ({ lastTime }) => <Time at={lastTime} as="ago" /> },
      ]}
    />
  );
}
