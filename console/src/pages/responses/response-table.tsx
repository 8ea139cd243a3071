import { useContext } from 'react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { Response } from '../../../../collector/respond/response.ts';
import { Badge } from '../../design/badge.tsx';
import type { Tone } from '../../design/badge.tsx';
import { Name } from '../../design/code.tsx';
import { Table } from '../../design/table.tsx';
import type { Column } from '../../design/table.tsx';
import { NowContext, Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { actionWords, responseStateWords } from '../../words/domain.ts';
import { reasonWords } from '../../words/response-reasons.ts';
import { responseWords } from '../../words/responses.ts';
import { ResponseActions } from './response-actions.tsx';
import { countdownTo } from './standing.ts';
import type { ResponseGroup } from './standing.ts';
import css from './responses.module.css';

export function ResponseTable(
  { caption, group, responses }: {
    readonly caption: string;
    readonly group: ResponseGroup;
    readonly responses: readonly Response[];
  },
): ReactNode {
  const words = useWords(responseWords);
  const { facts } = words;
  const columns: readonly Column<Response>[] = [
    { key: 'what', label: words.columns.what, cell: (one) => <What response={one} /> },
    { key: 'target', label: words.target, cell: ({ target }) => (
      <span className={css.stack}>
        <Name text={`${target.namespace}/${target.pod}`} />
        {target.node !== '' && <span className={css.small}><Name text={target.node} /></span>}
      </span>
    ) },
    { key: 'state', label: words.columns.state, cell: (one) => <StateCell response={one} /> },
    { key: 'by', label: facts.proposedBy, cell: ({ proposedBy, proposedAtMs }) => (
      <span className={css.stack}>
        <Name text={proposedBy} />
        <span className={css.small}><Time at={proposedAtMs} as="ago" /></span>
      </span>
    ) },
    ...group === 'ended' ? [] : [{
      key: 'actions',
      label: words.columns.actions,
      isLabelHidden: true,
      cell: (one: Response) => <ResponseActions response={one} />,
    }],
  ];
  return <Table caption={caption} rows={responses} keyOf={({ id }) => id} columns={columns} />;
}

function What({ response }: { readonly response: Response }): ReactNode {
  const actions = useWords(actionWords);
  const { id, action, rule, why, target } = response;
  const name = `${actions[action]} ${visibleText(target.pod)}`;
  return (
    <span className={css.stack}>
      <Link href={`/responses/${encodeURIComponent(id)}`} aria-label={name}>
        {actions[action]}
      </Link>
      {(why || rule) !== '' && <span className={css.small}><Name text={why || rule} /></span>}
    </span>
  );
}

const TONES: Readonly<Partial<Record<Response['state'], Tone>>> = {
  proposed: 'accent', verified: 'good', failed: 'bad', 'not-effective': 'bad',
  'not-executed': 'warn', rejected: 'neutral', reversed: 'neutral', expired: 'neutral',
};

export function StateBadge({ state }: Pick<Response, 'state'>): ReactNode {
  const states = useWords(responseStateWords);
  return <Badge tone={TONES[state] ?? 'accent'}>{states[state]}</Badge>;
}

function StateCell({ response }: { readonly response: Response }): ReactNode {
  const reasons = useWords(reasonWords);
  const { state, reason } = response;
  return (
    <span className={css.stack}>
      <span><StateBadge state={state} /></span>
      {reason !== '' && <span className={css.small}>{reasons[reason]}</span>}
      <Countdown response={response} />
    </span>
  );
}

/** Until it expires, or is taken back by itself. */
export function Countdown({ response }: { readonly response: Response }): ReactNode {
  const words = useWords(responseWords);
  const now = useContext(NowContext);
  const { state, expiresAtMs, reverseAtMs } = response;
  if (state === 'proposed' && expiresAtMs > 0) {
    const left = words.countdown(countdownTo(expiresAtMs, now));
    return <span className={css.small}>{words.expiresIn} {left}</span>;
  }
  if (state === 'verified' && reverseAtMs > 0) {
    const left = words.countdown(countdownTo(reverseAtMs, now));
    return <span className={css.small}>{words.reversesIn} {left}</span>;
  }
  return null;
}
