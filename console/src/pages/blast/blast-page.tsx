import { useState } from 'react';
import type { ReactNode } from 'react';

import type { BlastRadiusView } from '../../../../collector/api/contract/blast-radius.ts';
import type { Query } from '../../data/api.ts';
import { useAsk } from '../../data/queries.ts';
import { Button } from '../../design/button.tsx';
import { SelectField, TextField } from '../../design/field.tsx';
import { PageBody, PageHeader, Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading, Notice } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { blastWords } from '../../words/blast.ts';
import { useSearchState } from '../parts/search-state.ts';
import { BlastAnswer } from './blast-answer.tsx';
import {
  USUAL_DAYS,
  VALUE_CHARACTERS_MAX,
  blastKinds,
  blastQueryOf,
  blastQuestionOf,
  dayChoices,
} from './blast-query.ts';
import type { BlastQuestion } from './blast-query.ts';
import css from './blast.module.css';

/** Something turned out to be bad: where is it, and where was it. */
const EVERY_MS = 60_000;

export function BlastRadiusPage(): ReactNode {
  const words = useWords(blastWords);
  const { search, change } = useSearchState();
  const question = blastQuestionOf(search);
  const query = blastQueryOf(question);
  return (
    <>
      <PageHeader title={words.title} lead={words.lead} />
      <PageBody>
        <Question
          key={search.get('kind') + question.value + question.days}
          question={question}
          onAsk={({ kind, value, days }) => change({
            kind: kind === 'image' ? '' : kind,
            value: value.trim(),
            days: days === USUAL_DAYS ? '' : days,
            list: '',
          })}
        />
        {query === null
          ? <Panel><EmptyState title={words.asked}>{words.askedHint}</EmptyState></Panel>
          : <Answer query={query} />}
      </PageBody>
    </>
  );
}

function Question(
  { question, onAsk }: {
    readonly question: BlastQuestion;
    readonly onAsk: (question: BlastQuestion) => void;
  },
): ReactNode {
  const words = useWords(blastWords);
  const [form, setForm] = useState(question);
  const [isTried, setTried] = useState(false);
  const set = (over: Partial<BlastQuestion>): void => {
    setForm({ ...form, ...over });
    setTried(false);
  };
  const isWhole = blastQueryOf(form) !== null;
  return (
    <Panel>
      <form
        className={css.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (isWhole) onAsk(form);
        }}
      >
        <SelectField
          label={words.kind}
          value={form.kind}
          onChange={(value) => set({ kind: blastKinds.find((one) => one === value) ?? 'image' })}
          options={blastKinds.map((value) => ({ value, label: words.kinds[value] }))}
        />
        <TextField
          label={words.kinds[form.kind]}
          hint={words.hints[form.kind]}
          isRequired
          maxLength={VALUE_CHARACTERS_MAX}
          value={form.value}
          onChange={(value) => set({ value })}
        />
        <SelectField
          label={words.days}
          value={form.days}
          onChange={(days) => set({ days })}
          options={dayChoices.map((value) => ({ value, label: words.lastDays(Number(value)) }))}
        />
        <Button type="submit" look="main" icon="search">{words.ask}</Button>
      </form>
      {isTried && !isWhole &&
        <Notice tone="bad">{words.wrong(words.hints[form.kind])}</Notice>}
    </Panel>
  );
}

function Answer({ query }: { readonly query: Query }): ReactNode {
  const asked = useAsk<BlastRadiusView>('/api/v1/blast-radius', query, { everyMs: EVERY_MS });
  if (asked.isPending) return <Panel><Loading /></Panel>;
  if (asked.isError) {
    return (
      <Panel><ErrorState error={asked.error} onRetry={() => void asked.refetch()} /></Panel>
    );
  }
  return <BlastAnswer answer={asked.data} />;
}
