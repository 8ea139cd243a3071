import type { ReactNode } from 'react';

import type { FlowView } from '../../../../collector/api/contract/egress.ts';
import { useAskPages } from '../../data/queries.ts';
import { Button } from '../../design/button.tsx';
import { Name } from '../../design/code.tsx';
import { SelectField, TextField } from '../../design/field.tsx';
import { LongTable } from '../../design/long-table.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { egressWords } from '../../words/egress.ts';
import { localTimeOf, timeOfLocal } from '../parts/local-time.ts';
import { useSearchState } from '../parts/search-state.ts';
import type { SearchState } from '../parts/search-state.ts';
import { Toolbar } from '../parts/toolbar.tsx';
import { useSettled } from '../parts/use-settled.ts';
import { directions, flowFields, flowQueryOf } from './flow-query.ts';
import type { FlowField } from './flow-query.ts';
import { endTextOf, podOf } from './flow-words.ts';
import css from './egress.module.css';

/** Rows of the ledger as they were told; the evidence of everything else on this page. */
const PAGE = 100;

export function FlowsTab(): ReactNode {
  const words = useWords(egressWords);
  const { search, change } = useSearchState();
  const settled = new URLSearchParams(useSettled(search.toString()));
  const asked = useAskPages<FlowView>('/api/v1/egress/flows',
    { limit: PAGE, ...flowQueryOf(settled) }, { keepsPrevious: true });
  const { items, hasNextPage } = asked;
  const more = hasNextPage && (
    <Button disabled={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
      {items.length > 0 ? words.older : words.searchOn}
    </Button>
  );
  return (
    <>
      <p className={css.lead}>{words.flowsLead}</p>
      <Filters search={search} change={change} />
      <Panel title={words.shownFlows(items.length, hasNextPage)} isFlush>
        {asked.isPending && <Loading />}
        {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
        {asked.data !== undefined && items.length === 0 && (
          <EmptyState title={words.noFlows}>{more || (
            <Button onClick={() => change(NO_FILTERS)}>{words.clear}</Button>
          )}</EmptyState>
        )}
        {items.length > 0 && <FlowTable rows={items} foot={more} />}
      </Panel>
    </>
  );
}

const NO_FILTERS: Readonly<Record<FlowField | 'direction' | 'from' | 'to', string>> = {
  namespace: '', workload: '', pod: '', node: '', address: '', port: '', direction: '', from: '',
  to: '',
};

function Filters({ search, change }: Pick<SearchState, 'search' | 'change'>): ReactNode {
  const words = useWords(egressWords);
  const labels: Readonly<Record<FlowField, string>> = {
    namespace: words.namespace,
    workload: words.workload,
    pod: words.pod,
    node: words.node,
    address: words.remote,
    port: words.port,
  };
  const time = (key: 'from' | 'to'): ReactNode => (
    <TextField
      label={words[key]}
      type="datetime-local"
      step={1}
      value={localTimeOf(search.get(key) ?? '')}
      onChange={(value) => change({ [key]: timeOfLocal(value) })}
    />
  );
  return (
    <Toolbar>
      {flowFields.map((key) => (
        <TextField key={key} label={labels[key]} type="search" maxLength={253}
          value={search.get(key) ?? ''} onChange={(value) => change({ [key]: value })} />
      ))}
      <SelectField
        label={words.direction}
        value={search.get('direction') ?? ''}
        onChange={(direction) => change({ direction })}
        options={[
          { value: '', label: words.allDirections },
          ...directions.map((value) => ({ value, label: words.directions[value] })),
        ]}
      />
      {time('from')}
      {time('to')}
    </Toolbar>
  );
}

function FlowTable(
  { rows, foot }: { readonly rows: readonly FlowView[]; readonly foot: ReactNode },
): ReactNode {
  const words = useWords(egressWords);
  return (
    <LongTable
      caption={words.tabs.flows}
      rows={rows}
      keyOf={({ id }) => id}
      foot={foot}
      columns={[
        { key: 'when', label: words.when, width: '164px', cell: (row) => <When row={row} /> },
        { key: 'pod', label: words.pod, cell: (row) => <Name text={podOf(row)} /> },
        { key: 'process', label: words.process, width: 'minmax(0, 0.6fr)',
          cell: ({ process }) => <Name text={process} /> },
        { key: 'way', label: words.direction, width: '70px',
          cell: ({ direction }) => words.directions[direction] },
        { key: 'remote', label: words.remote, cell: (row) => <Remote row={row} /> },
        { key: 'outcome', label: words.outcome, width: '80px', isSpare: true,
          cell: ({ outcome }) => words.outcomes[outcome] },
        { key: 'count', label: words.count, width: '70px', isNumber: true,
          cell: ({ count }) => count.toLocaleString() },
        { key: 'id', label: words.flowId, width: '110px', isSpare: true,
          cell: ({ id }) => <Name className={css.quiet} text={id} /> },
      ]}
    />
  );
}

/** An hour has a first and a last; within a minute nobody asks. */
function When({ row }: { readonly row: FlowView }): ReactNode {
  const words = useWords(egressWords);
  return (
    <>
      <Time at={row.firstTime} as="full" />
      {row.precision === 'hour' && (
        <span className={css.sub}>
          {row.lastTime !== row.firstTime && <>– <Time at={row.lastTime} as="full" /> </>}
          {words.hourOnly}
        </span>
      )}
    </>
  );
}

function Remote({ row }: { readonly row: FlowView }): ReactNode {
  const words = useWords(egressWords);
  const { remoteAddress, port, protocol, folded, name } = row;
  const address = remoteAddress === ''
    ? (folded ? words.several : words.noAddress)
    : endTextOf(remoteAddress, port);
  return (
    <>
      <Name text={protocol === '' ? address : `${address} ${protocol}`} />
      {name !== '' && <span className={css.sub}><Name text={name} /></span>}
    </>
  );
}
