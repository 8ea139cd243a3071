import type { ReactNode } from 'react';

import type { WhoAnswerView, WhoQuery } from '../../../../collector/api/contract/egress.ts';
import { useAsk } from '../../data/queries.ts';
import { Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { egressWords } from '../../words/egress.ts';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import { useSearchState } from '../parts/search-state.ts';
import { WhoAnswer } from './who-answer.tsx';
import { WhoForm } from './who-form.tsx';
import { askedOf } from './who-query.ts';

/** A line of a firewall's log in, everybody who can have been behind it out. */
export function WhoTab(): ReactNode {
  const words = useWords(egressWords);
  const refusal = useRefusalEverywhere('viewer');
  const { search, change } = useSearchState();
  const query = askedOf(search);
  if (refusal !== undefined) {
    return <Panel><EmptyState title={refusal}>{words.role}</EmptyState></Panel>;
  }
  return (
    <>
      <WhoForm
        key={search.toString()}
        search={search}
        onAsk={({ nodeIp, dst, at, window, srcPort, protocol }) =>
          change({ nodeIp, dst, at, window, srcPort, protocol })}
      />
      {query === null
        ? <Panel><EmptyState title={words.asked}>{words.askedHint}</EmptyState></Panel>
        : <Answer query={query} />}
    </>
  );
}

function Answer({ query }: { readonly query: WhoQuery }): ReactNode {
  const asked = useAsk<WhoAnswerView>('/api/v1/egress/who', query);
  if (asked.isPending) return <Panel><Loading /></Panel>;
  if (asked.isError) {
    return (
      <Panel><ErrorState error={asked.error} onRetry={() => void asked.refetch()} /></Panel>
    );
  }
  return <WhoAnswer query={query} answer={asked.data} />;
}
