import { useState } from 'react';
import type { ReactNode } from 'react';

import type { TokenView } from '../../../../collector/api/contract/access.ts';
import { useAsk, useOrder } from '../../data/queries.ts';
import { Badge } from '../../design/badge.tsx';
import type { Tone } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { Name } from '../../design/code.tsx';
import { CheckField } from '../../design/field.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { accessWords } from '../../words/access.ts';
import { roleWords } from '../../words/domain.ts';
import { DecideDialog } from '../parts/decide-dialog.tsx';
import { Where } from './access-page.tsx';
import { CreateToken } from './create-token.tsx';
import { SecretDialog } from './secret-dialog.tsx';
import type { Secret } from './secret-dialog.tsx';
import css from './access.module.css';

/** Tokens: which there are, make one, revoke one. */
export const TOKENS = '/api/v1/tokens';
const TONES: Readonly<Record<TokenView['state'], Tone>> =
  { live: 'good', expired: 'neutral', revoked: 'neutral' };

export function Tokens(): ReactNode {
  const words = useWords(accessWords);
  const asked = useAsk<{ readonly items: readonly TokenView[] }>(TOKENS);
  const [isCreating, create] = useState(false);
  const [secret, show] = useState<Secret | null>(null);
  const [withEnded, setWithEnded] = useState(false);
  const tokens = (asked.data?.items ?? []).filter(({ state }) => withEnded || state === 'live');
  return (
    <Panel
      title={words.tokens}
      isFlush
      actions={<Button look="main" onClick={() => create(true)}>{words.create}</Button>}
    >
      <div className={css.lead}>
        <p>{words.tokensLead}</p>
        <CheckField label={words.showEnded} isChecked={withEnded} onChange={setWithEnded} />
      </div>
      {asked.isPending && <Loading />}
      {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.data !== undefined && tokens.length === 0 && <EmptyState title={words.none} />}
      {tokens.length > 0 && <TokenTable tokens={tokens} />}
      {isCreating && <CreateToken onClose={() => create(false)} onCreated={show} />}
      {secret !== null && <SecretDialog secret={secret} onClose={() => show(null)} />}
    </Panel>
  );
}

function TokenTable({ tokens }: { readonly tokens: readonly TokenView[] }): ReactNode {
  const words = useWords(accessWords);
  const roles = useWords(roleWords);
  const [revoked, revoke] = useState<TokenView | null>(null);
  const timeOr = (time: string | null, otherwise: string): ReactNode =>
    (time === null ? otherwise : <Time at={time} as="full" />);
  return (
    <>
      <Table
        caption={words.tokens}
        rows={tokens}
        keyOf={({ id }) => id}
        columns={[
          { key: 'name', label: words.columns.name, cell: ({ name }) => <Name text={name} /> },
          { key: 'grants', label: words.columns.grants, cell: ({ grants }) => (
            <ul>
              {grants.map((grant) => (
                <li key={JSON.stringify(grant)}>{roles[grant.role]}: <Where grant={grant} /></li>
              ))}
            </ul>
          ) },
          { key: 'state', label: words.columns.state, cell: ({ state }) =>
            <Badge tone={TONES[state]}>{words.states[state]}</Badge> },
          { key: 'created', label: words.columns.created, cell: ({ createdTime, createdBy }) => (
            <span className={css.stack}>
              <Time at={createdTime} as="ago" />
              <span className={css.small}><Name text={words.by(createdBy)} /></span>
            </span>
          ) },
          { key: 'used', label: words.columns.used, cell: ({ lastUsedTime }) =>
            (lastUsedTime === null ? words.never : <Time at={lastUsedTime} as="ago" />) },
          { key: 'expires', label: words.columns.expires, cell: ({ expiresTime }) =>
            timeOr(expiresTime, words.expiresNever) },
          { key: 'revoke', label: words.columns.actions, isLabelHidden: true, cell: (token) =>
            token.state === 'live' && (
              <Button
                size="small"
                look="danger"
                aria-label={words.revokeNamed(visibleText(token.name))}
                onClick={() => revoke(token)}
              >
                {words.revoke}
              </Button>
            ) },
        ]}
      />
      {revoked !== null && <RevokeDialog token={revoked} onClose={() => revoke(null)} />}
    </>
  );
}

function RevokeDialog(
  { token, onClose }: { readonly token: TokenView; readonly onClose: () => void },
): ReactNode {
  const words = useWords(accessWords);
  const order = useOrder([TOKENS, '/api/v1/audit']);
  const title = words.revokeNamed(visibleText(token.name));
  return (
    <DecideDialog
      title={title}
      lead={words.revokeLead}
      confirm={title}
      look="danger"
      asksWhy={false}
      onClose={onClose}
      onDecide={() => order.mutateAsync({ method: 'DELETE', path: `${TOKENS}/${token.id}` })}
    />
  );
}
