import { useState } from 'react';
import type { ReactNode } from 'react';

import type { Decision } from '../../../../baseline/profile/decisions.ts';
import type { ProfileDetail } from '../../../../collector/api/contract/profile.ts';
import { useOrder } from '../../data/queries.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Code, Name } from '../../design/code.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { cut, visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { profileWords } from '../../words/images.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import { PROFILES } from './queries.ts';
import css from './images.module.css';

const NAME_CHARACTERS = 80;

export function DecisionsTab({ detail }: { readonly detail: ProfileDetail }): ReactNode {
  const words = useWords(profileWords);
  const refusal = useRefusalEverywhere('analyst');
  const [undone, undo] = useState<Decision | null>(null);
  if (detail.decisions.length === 0) {
    return (
      <Panel>
        <EmptyState title={words.noDecisions}>{words.noDecisionsHint}</EmptyState>
      </Panel>
    );
  }
  const newestFirst = detail.decisions.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <Panel title={words.decisionsLead} isFlush>
      <Table
        caption={words.decisionsLead}
        rows={newestFirst}
        keyOf={({ id }) => id}
        columns={[
          { key: 'kind', label: words.decision, cell: (one) => <KindBadge decision={one} /> },
          { key: 'about', label: words.about, cell: ({ value }) =>
            (value === '' ? words.wholeProfile : <Code text={value} />) },
          { key: 'scope', label: words.scope, cell: ({ scope }) => words.scopes[scope] },
          { key: 'why', label: words.why, cell: ({ why }) => <Name text={why} /> },
          { key: 'by', label: words.by, cell: ({ by, at }) => (
            <span className={css.name}>
              <Name text={by} />
              <span className={css.small}><Time at={at} as="ago" /></span>
            </span>
          ) },
          { key: 'undo', label: words.undo, isLabelHidden: true, cell: (one) => (
            <Button
              size="small"
              refusal={refusal}
              aria-label={words.undoOne(nameOf(one, words.kinds[one.kind]))}
              onClick={() => undo(one)}
            >
              {words.undo}
            </Button>
          ) },
        ]}
      />
      {undone !== null && <UndoDialog decision={undone} onClose={() => undo(null)} />}
    </Panel>
  );
}

function KindBadge({ decision: { kind } }: { readonly decision: Decision }): ReactNode {
  const words = useWords(profileWords);
  const tone = kind === 'accept' ? 'good' : kind === 'reject' ? 'bad' : 'neutral';
  return <Badge tone={tone}>{words.kinds[kind]}</Badge>;
}

const nameOf = ({ value }: Decision, kind: string): string =>
  (value === '' ? kind : `${kind} ${visibleText(cut(value, NAME_CHARACTERS))}`);

function UndoDialog(
  { decision, onClose }: { readonly decision: Decision; readonly onClose: () => void },
): ReactNode {
  const words = useWords(profileWords);
  const order = useOrder([PROFILES, '/api/v1/decisions', '/api/v1/audit']);
  const title = words.undoOne(nameOf(decision, words.kinds[decision.kind]));
  return (
    <DecideDialog
      title={title}
      lead={words.undoLead}
      confirm={title}
      onClose={onClose}
      onDecide={(why) => order.mutateAsync({
        method: 'DELETE',
        path: `/api/v1/decisions/${encodeURIComponent(decision.id)}`,
        body: { why },
      })}
    />
  );
}
