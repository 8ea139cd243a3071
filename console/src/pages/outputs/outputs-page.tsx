import { useState } from 'react';
import type { ReactNode } from 'react';

import type { OutputTestAnswer, OutputView, OutputsAnswer } from
  '../../../../collector/api/contract/outputs.ts';
import { useAsk, useOrder } from '../../data/queries.ts';
import { Badge } from '../../design/badge.tsx';
import type { Tone } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Code, Name } from '../../design/code.tsx';
import { PageBody, PageHeader, Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, ErrorText, Loading, Notice } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { outputWords } from '../../words/outputs.ts';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import { DeadLetters } from './dead-letters.tsx';
import css from './outputs.module.css';

/** Where alerts go. An output is set up in a file; here it is watched, tested and repaired. */
export const OUTPUTS = '/api/v1/outputs';
const EVERY_MS = 5_000;
const TONES: Readonly<Record<OutputView['state'], Tone>> =
  { new: 'neutral', waiting: 'good', sending: 'accent', 'backing-off': 'bad' };

export function OutputsPage(): ReactNode {
  const words = useWords(outputWords);
  const asked = useAsk<OutputsAnswer>(OUTPUTS, {}, { everyMs: EVERY_MS });
  const outputs = asked.data?.items ?? [];
  return (
    <>
      <PageHeader title={words.title} lead={words.lead} />
      <PageBody>
        {asked.isPending && <Loading />}
        {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
        {asked.data !== undefined && (
          <Panel isFlush>
            {outputs.length > 0
              ? <OutputTable outputs={outputs} />
              : <EmptyState title={words.none}>{words.noneHint}</EmptyState>}
          </Panel>
        )}
      </PageBody>
    </>
  );
}

function OutputTable({ outputs }: { readonly outputs: readonly OutputView[] }): ReactNode {
  const words = useWords(outputWords);
  const [open, setOpen] = useState<string | null>(null);
  const { columns } = words;
  return (
    <>
      <Table
        caption={words.title}
        rows={outputs}
        keyOf={({ name }) => name}
        columns={[
          { key: 'name', label: columns.name, cell: ({ name, kind, target }) => (
            <span className={css.stack}>
              <strong><Name text={name} /></strong>
              <span className={css.small}><Name text={`${kind} · ${target}`} /></span>
            </span>
          ) },
          { key: 'state', label: columns.state, cell: (output) => <StateCell output={output} /> },
          { key: 'lag', label: columns.lag, isNumber: true, cell: ({ lag }) =>
            lag.toLocaleString() },
          { key: 'sent', label: columns.sent, isNumber: true, cell: ({ sent }) =>
            sent.toLocaleString() },
          { key: 'failed', label: columns.failed, isNumber: true, cell: ({ failed }) =>
            failed.toLocaleString() },
          { key: 'dead', label: columns.dead, isNumber: true, cell: ({ deadLetters }) =>
            deadLetters.toLocaleString() },
          { key: 'last', label: columns.last, cell: ({ lastSentTime }) =>
            (lastSentTime === null ? words.never : <Time at={lastSentTime} as="ago" />) },
          { key: 'actions', label: columns.actions, isLabelHidden: true, cell: (output) =>
            <Actions output={output} onLetters={() => setOpen(output.name)} /> },
        ]}
      />
      {open !== null && <DeadLetters name={open} onClose={() => setOpen(null)} />}
    </>
  );
}

function StateCell({ output }: { readonly output: OutputView }): ReactNode {
  const words = useWords(outputWords);
  const { state, lastError, lastErrorTime, passedOver } = output;
  return (
    <span className={css.stack}>
      <span><Badge tone={TONES[state]}>{words.states[state]}</Badge></span>
      {passedOver > 0 && <span className={css.small}>{words.passedOver(passedOver)}</span>}
      {lastError !== '' && (
        <span className={css.small}>
          {words.lastError}: <Code text={lastError} />{' '}
          {lastErrorTime !== null && <Time at={lastErrorTime} as="ago" />}
        </span>
      )}
    </span>
  );
}

function Actions(
  { output, onLetters }: { readonly output: OutputView; readonly onLetters: () => void },
): ReactNode {
  const words = useWords(outputWords);
  const refusal = useRefusalEverywhere('admin');
  const order = useOrder<OutputTestAnswer>([OUTPUTS, '/api/v1/audit']);
  const name = visibleText(output.name);
  return (
    <span className={css.actions}>
      <Button
        size="small"
        refusal={refusal}
        disabled={order.isPending}
        aria-label={words.testNamed(name)}
        onClick={() => order.mutate({ path: `${OUTPUTS}/${output.name}/test` })}
      >
        {words.test}
      </Button>
      <Button
        size="small"
        refusal={refusal}
        aria-label={words.lettersNamed(name)}
        onClick={onLetters}
      >
        {words.letters}
      </Button>
      {order.isError && <Notice tone="bad"><ErrorText error={order.error} /></Notice>}
      {order.data !== undefined && (order.data.ok
        ? <Notice>{words.testOk(name, order.data.seconds.toFixed(2))}</Notice>
        : (
          <Notice tone="bad">
            {words.testFailed(name)} <Code text={`${order.data.reason} ${order.data.detail}`} />
          </Notice>
        ))}
    </span>
  );
}
