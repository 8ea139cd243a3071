import { useState } from 'react';
import type { ReactNode } from 'react';

import type { AlertView } from '../../../../collector/api/contract/alert.ts';
import type { SuppressionView } from '../../../../collector/api/contract/suppression.ts';
import { useAsk, useAskPages, useOrder } from '../../data/queries.ts';
import { useRefusal } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Code, Name } from '../../design/code.tsx';
import { CheckField } from '../../design/field.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { cut, visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { designWords } from '../../words/design.ts';
import { rulesWords, suppressionWords } from '../../words/rules.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { useSearchState } from '../parts/search-state.ts';
import { NewSuppression } from './new-suppression.tsx';
import { formLike, formOf, matchText } from './suppression-form.ts';
import css from './rules.module.css';

/** Rules in force, the newest first. An address with `new=1` opens the form, filled from it. */
export const SUPPRESSIONS = '/api/v1/suppressions';
const PAGE = 100;
const NAME_CHARACTERS = 60;

export function Suppressions(): ReactNode {
  const words = useWords(suppressionWords);
  const rules = useWords(rulesWords);
  const design = useWords(designWords);
  const { search, change, clear } = useSearchState();
  const all = search.get('all') === '1';
  const asked = useAskPages<SuppressionView>(SUPPRESSIONS, { limit: PAGE, all });
  const refusal = useRefusal('analyst');
  return (
    <Panel
      title={rules.tabs.suppressions}
      isFlush
      actions={(
        <Button look="main" refusal={refusal} onClick={() => change({ new: '1' })}>
          {words.make}
        </Button>
      )}
    >
      <div className={css.lead}>
        <p>{words.lead}</p>
        <CheckField
          label={rules.showEnded}
          isChecked={all}
          onChange={(is) => change({ all: is ? '1' : '' })}
        />
      </div>
      {asked.isPending && <Loading />}
      {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.data !== undefined && asked.items.length === 0 &&
        <EmptyState title={words.none}>{words.noneHint}</EmptyState>}
      {asked.items.length > 0 && <RuleTable rules={asked.items} />}
      {asked.hasNextPage && (
        <p className={css.lead}>
          <Button onClick={() => void asked.fetchNextPage()}>{design.showMore}</Button>
        </p>
      )}
      {search.get('new') === '1' && refusal === undefined &&
        <Wanted search={search} onClose={clear} />}
    </Panel>
  );
}

/** The form as the address fills it, or as the alert does that it names. */
function Wanted(
  { search, onClose }: { readonly search: URLSearchParams; readonly onClose: () => void },
): ReactNode {
  const id = search.get('alert') ?? '';
  const asked = useAsk<AlertView>(`/api/v1/alerts/${encodeURIComponent(id)}`, {},
    { isEnabled: id !== '' });
  if (id === '') return <NewSuppression form={formOf(search)} onClose={onClose} />;
  if (asked.isPending) return <Loading />;
  if (asked.isError) return <ErrorState error={asked.error} />;
  return <NewSuppression form={formLike(asked.data)} onClose={onClose} />;
}

function RuleTable({ rules }: { readonly rules: readonly SuppressionView[] }): ReactNode {
  const words = useWords(suppressionWords);
  const names = useWords(rulesWords);
  const refusal = useRefusal('analyst');
  const [ended, end] = useState<SuppressionView | null>(null);
  return (
    <>
      <Table
        caption={names.tabs.suppressions}
        rows={rules}
        keyOf={({ id }) => id}
        columns={[
          { key: 'match', label: words.matches, cell: ({ match }) =>
            <Code text={matchText(match)} /> },
          { key: 'reason', label: names.reason, cell: ({ reason, owner }) => (
            <span className={css.cell}>
              <Name text={reason} />
              <span className={css.small}>{names.owner}: <Name text={owner} /></span>
            </span>
          ) },
          { key: 'hits', label: words.hits, cell: (rule) => <Hits rule={rule} /> },
          { key: 'by', label: names.byAt, cell: ({ createdBy, createdTime }) => (
            <span className={css.cell}>
              <Name text={createdBy} />
              <span className={css.small}><Time at={createdTime} as="ago" /></span>
            </span>
          ) },
          { key: 'until', label: words.until, cell: (rule) => <Until rule={rule} /> },
          { key: 'end', label: words.expire, isLabelHidden: true, cell: (rule) =>
            rule.state === 'in-force' && (
              <Button
                size="small"
                refusal={refusal}
                aria-label={words.expireNamed(nameOf(rule))}
                onClick={() => end(rule)}
              >
                {words.expire}
              </Button>
            ) },
        ]}
      />
      {ended !== null && <EndDialog rule={ended} onClose={() => end(null)} />}
    </>
  );
}

const nameOf = ({ match }: SuppressionView): string =>
  visibleText(cut(matchText(match), NAME_CHARACTERS));

function Hits({ rule }: { readonly rule: SuppressionView }): ReactNode {
  const words = useWords(suppressionWords);
  const { hits, lastHitTime } = rule;
  if (hits === 0 || lastHitTime === null) return <span>{words.hitsNever}</span>;
  return (
    <span className={css.cell}>
      <span>{hits.toLocaleString()}</span>
      <span className={css.small}>{words.lastHit} <Time at={lastHitTime} as="ago" /></span>
    </span>
  );
}

function Until({ rule }: { readonly rule: SuppressionView }): ReactNode {
  const words = useWords(suppressionWords);
  const names = useWords(rulesWords);
  const { ended, expiresTime } = rule;
  if (rule.state === 'in-force') return <Time at={expiresTime} as="full" />;
  return (
    <span className={css.cell}>
      <span><Badge>{names.ended}</Badge></span>
      {ended !== null && (
        <span className={css.small}>
          {words.endedBecause[ended.because]} <Name text={ended.by} />{' '}
          <Time at={ended.time} as="ago" />
          {ended.why !== '' && <>: <Name text={ended.why} /></>}
        </span>
      )}
    </span>
  );
}

function EndDialog(
  { rule, onClose }: { readonly rule: SuppressionView; readonly onClose: () => void },
): ReactNode {
  const words = useWords(suppressionWords);
  const order = useOrder([SUPPRESSIONS, '/api/v1/audit']);
  const title = words.expireNamed(nameOf(rule));
  return (
    <DecideDialog
      title={title}
      lead={words.expireLead}
      confirm={title}
      onClose={onClose}
      onDecide={(why) => order.mutateAsync({
        path: `${SUPPRESSIONS}/${encodeURIComponent(rule.id)}/expire`,
        body: { why },
      })}
    />
  );
}
