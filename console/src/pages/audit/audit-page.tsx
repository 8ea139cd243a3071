import { useState } from 'react';
import type { ReactNode } from 'react';

import type { AuditEntryView } from '../../../../collector/api/contract/audit.ts';
import { useAskPages } from '../../data/queries.ts';
import { Button } from '../../design/button.tsx';
import { Code, CodeLine, Name } from '../../design/code.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { Facts, PageBody, PageHeader, Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { auditWords } from '../../words/audit.ts';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import { useSearchState } from '../parts/search-state.ts';
import { auditQueryOf } from './audit-query.ts';
import { AuditFilters } from './audit-filters.tsx';
import { ChainCheck } from './chain-check.tsx';

/** Who did what. It is about all namespaces, so that only those who see all of them see it. */
const PAGE = 100;

export function AuditPage(): ReactNode {
  const words = useWords(auditWords);
  const refusal = useRefusalEverywhere('viewer');
  return (
    <>
      <PageHeader title={words.title} lead={words.lead} />
      <PageBody>
        {refusal === undefined
          ? <Records />
          : <Panel><EmptyState title={words.role}>{refusal}</EmptyState></Panel>}
      </PageBody>
    </>
  );
}

function Records(): ReactNode {
  const words = useWords(auditWords);
  const { search, change, clear } = useSearchState();
  const asked = useAskPages<AuditEntryView>('/api/v1/audit',
    { limit: PAGE, ...auditQueryOf(search) });
  const [shown, show] = useState<AuditEntryView | null>(null);
  return (
    <>
      <ChainCheck />
      <AuditFilters search={search} change={change} />
      <Panel isFlush>
        {asked.isPending && <Loading />}
        {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
        {asked.data !== undefined && asked.items.length === 0 && !asked.hasNextPage && (
          <EmptyState title={words.none}>
            <p>{words.noneHint}</p>
            <Button onClick={clear}>{words.clear}</Button>
          </EmptyState>
        )}
        {asked.items.length > 0 && <RecordTable records={asked.items} onShow={show} />}
      </Panel>
      {asked.hasNextPage && (
        <div>
          <Button disabled={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
            {asked.items.length > 0 ? words.older : words.searchOn}
          </Button>
        </div>
      )}
      {shown !== null && <RecordDialog record={shown} onClose={() => show(null)} />}
    </>
  );
}

function RecordTable(
  { records, onShow }: {
    readonly records: readonly AuditEntryView[];
    readonly onShow: (record: AuditEntryView) => void;
  },
): ReactNode {
  const words = useWords(auditWords);
  return (
    <Table
      caption={words.title}
      rows={records}
      keyOf={({ number }) => String(number)}
      columns={[
        { key: 'number', label: words.number, isNumber: true, cell: ({ number }) => number },
        { key: 'time', label: words.time, cell: ({ time }) => <Time at={time} as="full" /> },
        { key: 'actor', label: words.actor, cell: ({ actor }) => <Name text={actor} /> },
        { key: 'action', label: words.action, cell: ({ action }) => <CodeLine text={action} /> },
        { key: 'subject', label: words.subject, cell: ({ subject }) => <Name text={subject} /> },
        { key: 'detail', label: words.detail, isLabelHidden: true, cell: (record) => (
          <Button
            size="small"
            look="quiet"
            aria-label={words.showDetail(record.number)}
            onClick={() => onShow(record)}
          >
            {words.detail}
          </Button>
        ) },
      ]}
    />
  );
}

function RecordDialog(
  { record, onClose }: { readonly record: AuditEntryView; readonly onClose: () => void },
): ReactNode {
  const words = useWords(auditWords);
  return (
    <Dialog title={`${words.number} ${record.number}`} onClose={onClose} isWide>
      <Facts
        items={[
          [words.time, <Time key="time" at={record.time} as="full" isFocusable />],
          [words.actor, <Name key="actor" text={record.actor} />],
          [words.action, <CodeLine key="action" text={record.action} />],
          [words.subject, <Code key="subject" text={record.subject} />],
          ...Object.entries(record.detail).map(([key, value]) => [
            key,
            <Code key={key} text={typeof value === 'string' ? value : JSON.stringify(value)} />,
          ] as const),
          [words.hash, <Code key="hash" text={record.hash} />],
          [words.previousHash, <Code key="previous" text={record.previousHash} />],
        ]}
      />
    </Dialog>
  );
}
