import type { ReactNode } from 'react';
import { useMemo } from 'react';

import { Button } from '../../design/button.tsx';
import { PageBody, PageHeader, Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { responseWords } from '../../words/responses.ts';
import { Control } from './control.tsx';
import { useResponses } from './queries.ts';
import { ResponseTable } from './response-table.tsx';
import { grouped, responseGroups } from './standing.ts';
import css from './responses.module.css';

/** What waits for a person first; then what runs, what is in effect, what is over. */
export function ResponsesPage(): ReactNode {
  const words = useWords(responseWords);
  const { all, responses } = useResponses();
  const groups = useMemo(() => grouped(responses), [responses]);
  return (
    <>
      <PageHeader title={words.title} lead={words.lead} />
      <PageBody>
        <Control />
        {all.isPending && <Loading />}
        {all.isError && <ErrorState error={all.error} onRetry={() => void all.refetch()} />}
        {all.data !== undefined && responses.length === 0 &&
          <Panel><EmptyState title={words.empty} /></Panel>}
        {responses.length > 0 && responseGroups.map((group) => (
          <Panel
            key={group}
            title={`${words.groups[group]} (${groups.get(group)?.length ?? 0})`}
            isFlush
          >
            {(groups.get(group)?.length ?? 0) > 0
              ? (
                <ResponseTable
                  caption={words.groups[group]}
                  group={group}
                  responses={groups.get(group) ?? []}
                />
              )
              : <p className={css.nothing}>{words.nothing[group]}</p>}
          </Panel>
        ))}
        {all.hasNextPage && (
          <div>
            <Button disabled={all.isFetchingNextPage} onClick={() => void all.fetchNextPage()}>
              {words.more}
            </Button>
          </div>
        )}
      </PageBody>
    </>
  );
}
