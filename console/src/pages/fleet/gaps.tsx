import type { ReactNode } from 'react';

import type { GapView } from '../../../../collector/api/contract/fleet.ts';
import { useAskPages } from '../../data/queries.ts';
import { Button } from '../../design/button.tsx';
import { Name } from '../../design/code.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { fleetWords } from '../../words/fleet.ts';
import { useLasting } from '../parts/lasting-text.ts';
import css from './fleet.module.css';

const PAGE = 25;

/** When something was not seen: what an analyst must know before silence means anything. */
export function Gaps(): ReactNode {
  const words = useWords(fleetWords);
  const asked = useAskPages<GapView>('/api/v1/gaps', { limit: PAGE });
  return (
    <Panel title={words.gaps} isFlush>
      <p className={css.lead}>{words.gapsLead}</p>
      {asked.isPending && <Loading />}
      {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.data !== undefined && asked.items.length === 0 &&
        <EmptyState title={words.gapsNone}>{words.gapsNoneHint}</EmptyState>}
      {asked.items.length > 0 && <GapTable gaps={asked.items} />}
      {asked.hasNextPage && (
        <p className={css.more}>
          <Button disabled={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
            {words.older}
          </Button>
        </p>
      )}
    </Panel>
  );
}

function GapTable({ gaps }: { readonly gaps: readonly GapView[] }): ReactNode {
  const words = useWords(fleetWords);
  const lasting = useLasting();
  const { gapColumns: columns } = words;
  return (
    <Table
      caption={words.gaps}
      rows={gaps}
      keyOf={({ cluster, node, from, to, cause }) =>
        JSON.stringify([cluster, node, from, to, cause])}
      columns={[
        { key: 'node', label: columns.node, cell: ({ node }) => <Name text={node} /> },
        { key: 'from', label: columns.from, cell: ({ from }) => <Time at={from} /> },
        { key: 'lasted', label: columns.lasted, isNumber: true,
          cell: ({ from, to }) => lasting((Date.parse(to) - Date.parse(from)) / 1_000) },
        { key: 'cause', label: columns.cause, cell: ({ cause }) => words.causes[cause] },
        { key: 'lost', label: columns.lost, isNumber: true, cell: ({ eventsEstimate }) =>
          (eventsEstimate < 0 ? words.lostUnknown : eventsEstimate.toLocaleString()) },
      ]}
    />
  );
}
