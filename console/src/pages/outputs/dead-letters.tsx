import { useState } from 'react';
import type { ReactNode } from 'react';

import type { DeadLetterView } from '../../../../collector/api/contract/outputs.ts';
import { useAskPages, useOrder } from '../../data/queries.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Code } from '../../design/code.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { EmptyState, ErrorState, Loading, Notice } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { outputWords } from '../../words/outputs.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { OUTPUTS } from './outputs-page.tsx';
import css from './outputs.module.css';

/** What an output gave up on, and the two ways to be done with it. */
const PAGE = 50;
type Verb = 'replay' | 'drop';

export function DeadLetters(
  { name, onClose }: { readonly name: string; readonly onClose: () => void },
): ReactNode {
  const words = useWords(outputWords);
  const asked = useAskPages<DeadLetterView>(`${OUTPUTS}/${name}/dead-letters`, { limit: PAGE });
  const [verb, setVerb] = useState<Verb | null>(null);
  const [told, tell] = useState('');
  const isEmpty = asked.data !== undefined && asked.items.length === 0;
  return (
    <Dialog
      title={words.lettersNamed(visibleText(name))}
      onClose={onClose}
      isWide
      actions={!isEmpty && (
        <>
          <Button look="danger" onClick={() => setVerb('drop')}>{words.drop}</Button>
          <Button look="main" onClick={() => setVerb('replay')}>{words.replay}</Button>
        </>
      )}
    >
      <p>{words.lettersLead}</p>
      {told !== '' && <Notice>{told}</Notice>}
      {asked.isPending && <Loading />}
      {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
      {isEmpty && <EmptyState title={words.lettersNone} />}
      {asked.items.length > 0 && <LetterTable letters={asked.items} />}
      {asked.hasNextPage &&
        <Button onClick={() => void asked.fetchNextPage()}>{words.older}</Button>}
      {verb !== null && (
        <LettersDialog name={name} verb={verb} onClose={() => setVerb(null)} onDone={tell} />
      )}
    </Dialog>
  );
}

function LettersDialog(
  { name, verb, onClose, onDone }: {
    readonly name: string;
    readonly verb: Verb;
    readonly onClose: () => void;
    readonly onDone: (text: string) => void;
  },
): ReactNode {
  const words = useWords(outputWords);
  const order = useOrder<{ readonly count: number }>([OUTPUTS, '/api/v1/audit']);
  const shown = visibleText(name);
  const isReplay = verb === 'replay';
  const title = isReplay ? words.replayNamed(shown) : words.dropNamed(shown);
  return (
    <DecideDialog
      title={title}
      lead={isReplay ? words.replayLead : words.dropLead}
      confirm={title}
      look={isReplay ? 'main' : 'danger'}
      asksWhy={false}
      onClose={onClose}
      onDecide={async () => {
        const { count } = await order.mutateAsync({ path: `${OUTPUTS}/${name}/${verb}` });
        onDone(isReplay ? words.replayed(count) : words.dropped(count));
      }}
    />
  );
}

function LetterTable({ letters }: { readonly letters: readonly DeadLetterView[] }): ReactNode {
  const words = useWords(outputWords);
  const { letterColumns: columns } = words;
  return (
    <Table
      caption={words.letters}
      rows={letters}
      keyOf={({ number }) => String(number)}
      columns={[
        { key: 'time', label: columns.time, cell: ({ time }) =>
          (time === null ? '–' : <Time at={time} as="full" />) },
        { key: 'what', label: columns.what, cell: ({ kind, text, uuid }) => (
          <span className={css.stack}>
            <Code text={text === '' ? kind : text} />
            <span className={css.small}><Code text={uuid} /></span>
          </span>
        ) },
        { key: 'reason', label: columns.reason, cell: ({ reason, detail }) =>
          <Code text={`${reason} ${detail}`.trim()} /> },
        { key: 'state', label: columns.state, cell: ({ isQueued }) =>
          isQueued && <Badge tone="accent">{words.queued}</Badge> },
      ]}
    />
  );
}
