import { useMemo } from 'react';
import type { ReactNode } from 'react';

import type { PlaintextAnswer } from '../../../../collector/api/contract/policies.ts';
import { useAsk } from '../../data/queries.ts';
import { useRefusal } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Name } from '../../design/code.tsx';
import { CheckField, TextField } from '../../design/field.tsx';
import { LongTable } from '../../design/long-table.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { egressWords } from '../../words/egress.ts';
import { generatedWords } from '../../words/generated.ts';
import { useSearchState } from '../parts/search-state.ts';
import { Toolbar } from '../parts/toolbar.tsx';
import { useSettled } from '../parts/use-settled.ts';
import css from './egress.module.css';

/** What goes over the network unencrypted, by the port; and what a port cannot say. */
type Row = PlaintextAnswer['items'][number];

export function PlaintextTab(): ReactNode {
  const refusal = useRefusal('analyst');
  if (refusal !== undefined) return <Panel><EmptyState title={refusal} /></Panel>;
  return <Plaintext />;
}

function Plaintext(): ReactNode {
  const words = useWords(egressWords);
  const generated = useWords(generatedWords);
  const { search, change } = useSearchState();
  const namespace = search.get('namespace') ?? '';
  const isCrossing = search.get('crossing') === '1';
  const asked = useAsk<PlaintextAnswer>('/api/v1/policies/plaintext',
    { namespace: useSettled(namespace.trim()) }, { keepsPrevious: true });
  const rows = useMemo(
    () => (asked.data?.items ?? []).filter((row) =>
      !isCrossing || row.isOverNodes || row.isOutside),
    [asked.data, isCrossing],
  );
  return (
    <>
      <p className={css.lead}>{words.plaintextLead} {generated.plaintextLimits}</p>
      <Toolbar>
        <TextField label={words.namespace} type="search" maxLength={253} value={namespace}
          onChange={(value) => change({ namespace: value })} />
        <CheckField label={words.onlyCrossing} isChecked={isCrossing}
          onChange={(is) => change({ crossing: is ? '1' : '' })} />
      </Toolbar>
      <Panel
        title={words.shownPlaintext(rows.length, asked.data?.profiles ?? 0)}
        isFlush
      >
        {asked.isPending && <Loading />}
        {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
        {asked.data !== undefined && rows.length === 0 && <EmptyState title={words.noPlaintext} />}
        {rows.length > 0 && <PlaintextTable rows={rows} />}
      </Panel>
    </>
  );
}

function PlaintextTable({ rows }: { readonly rows: readonly Row[] }): ReactNode {
  const words = useWords(egressWords);
  return (
    <LongTable
      caption={words.tabs.plaintext}
      rows={rows}
      keyOf={(row) => JSON.stringify(row)}
      columns={[
        { key: 'application', label: words.application,
          cell: ({ namespace, workload }) => <Name text={`${namespace}/${workload}`} /> },
        { key: 'process', label: words.process, isSpare: true,
          cell: ({ process }) => <Name text={process} /> },
        { key: 'to', label: words.goesTo, cell: ({ to }) => <Name text={to} /> },
        { key: 'port', label: words.port, width: '80px',
          cell: ({ port, protocol }) => <Name text={`${port}/${protocol}`} /> },
        { key: 'service', label: words.service, width: '130px',
          cell: ({ service }) => <Name text={service} /> },
        { key: 'where', label: words.where, width: '190px', cell: (row) => <Crossed row={row} /> },
      ]}
    />
  );
}

function Crossed({ row }: { readonly row: Row }): ReactNode {
  const words = useWords(egressWords);
  const { isOutside, isOverNodes, isOverNamespaces } = row;
  if (!isOutside && !isOverNodes && !isOverNamespaces) return words.staysInside;
  return (
    <span className={css.badges}>
      {isOutside && <Badge tone="warn">{words.outside}</Badge>}
      {isOverNodes && <Badge>{words.overNodes}</Badge>}
      {isOverNamespaces && <Badge>{words.overNamespaces}</Badge>}
    </span>
  );
}
