import { useState } from 'react';
import type { ReactNode } from 'react';

import type { AlertBudgetAnswer, ImageBudgetView } from
  '../../../../collector/api/contract/alert-budget.ts';
import { useAsk } from '../../data/queries.ts';
import { Badge } from '../../design/badge.tsx';
import { Bar } from '../../design/bar.tsx';
import { Name } from '../../design/code.tsx';
import { CheckField } from '../../design/field.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { budgetWords, rulesWords } from '../../words/rules.ts';
import css from './rules.module.css';

/** What calibration allows an image, beside what it raised. */
const EVERY_MS = 30_000;

export function Budget(): ReactNode {
  const words = useWords(budgetWords);
  const rules = useWords(rulesWords);
  const asked = useAsk<AlertBudgetAnswer>('/api/v1/alert-budget', {}, { everyMs: EVERY_MS });
  const [onlyOver, setOnlyOver] = useState(false);
  const items = (asked.data?.items ?? []).filter((one) => !onlyOver || isOver(one));
  return (
    <Panel title={rules.tabs.budget} isFlush>
      <div className={css.lead}>
        <p>{words.lead}</p>
        <CheckField label={words.onlyOver} isChecked={onlyOver} onChange={setOnlyOver} />
      </div>
      {asked.isPending && <Loading />}
      {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.data !== undefined && items.length === 0 &&
        <EmptyState title={words.none}>{words.noneHint}</EmptyState>}
      {items.length > 0 && <BudgetTable items={items} />}
    </Panel>
  );
}

const isOver = ({ spans }: ImageBudgetView): boolean => spans.some((span) => span.isOver);

function BudgetTable({ items }: { readonly items: readonly ImageBudgetView[] }): ReactNode {
  const words = useWords(budgetWords);
  const rules = useWords(rulesWords);
  const spans = items[0]?.spans ?? [];
  return (
    <Table
      caption={rules.tabs.budget}
      rows={items}
      keyOf={({ image }) => image}
      columns={[
        { key: 'image', label: rules.image, cell: (one) => (
          <span className={css.cell}>
            <Name text={one.image} />
            {isOver(one) && (
              <span><Badge tone="bad" title={words.overHint}>{words.over}</Badge></span>
            )}
          </span>
        ) },
        { key: 'allowed', label: words.perDay, isNumber: true, cell: ({ allowedPerDay }) =>
          numberText(allowedPerDay) },
        ...spans.map(({ days }, index) => ({
          key: `span-${days}`,
          label: words.span(days),
          cell: (one: ImageBudgetView) => <SpanBar budget={one} index={index} />,
        })),
        { key: 'quiet', label: words.quietened, cell: ({ suppressed, cooled, maintenance }) =>
          words.quietenedText(suppressed, cooled, maintenance) },
      ]}
    />
  );
}

function SpanBar(
  { budget, index }: { readonly budget: ImageBudgetView; readonly index: number },
): ReactNode {
  const words = useWords(budgetWords);
  const span = budget.spans[index];
  if (span === undefined) return '–';
  if (span.ratio === null) return words.notRunning(span.raised);
  return (
    <Bar
      label={`${visibleText(budget.image)}: ${words.span(span.days)}`}
      value={span.raised}
      max={Math.max(span.allowed, span.raised, 1)}
      text={words.raisedOf(span.raised, numberText(span.allowed))}
      tone={span.isOver ? 'bad' : 'accent'}
    />
  );
}

const numberText = (value: number): string =>
  (value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(2));
