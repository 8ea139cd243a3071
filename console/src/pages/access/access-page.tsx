import type { ReactNode } from 'react';

import type { Grant } from '../../../../collector/access/principal.ts';
import { useSession } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Name } from '../../design/code.tsx';
import { Facts, PageBody, PageHeader, Panel } from '../../design/page.tsx';
import { EmptyState } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { accessWords } from '../../words/access.ts';
import { roleWords } from '../../words/domain.ts';
import { useRefusalEverywhere } from '../parts/refusals.ts';
import { Tokens } from './tokens.tsx';

export function AccessPage(): ReactNode {
  const words = useWords(accessWords);
  const refusal = useRefusalEverywhere('admin');
  return (
    <>
      <PageHeader title={words.title} lead={words.lead} />
      <PageBody>
        <Me />
        {refusal === undefined
          ? <Tokens />
          : (
            <Panel title={words.tokens}>
              <EmptyState title={words.tokensRole}>{refusal}</EmptyState>
            </Panel>
          )}
      </PageBody>
    </>
  );
}

function Me(): ReactNode {
  const words = useWords(accessWords);
  const roles = useWords(roleWords);
  const { principal, expiresTime } = useSession();
  return (
    <>
      <Panel title={words.me}>
        <Facts
          items={[
            [words.name, <Name key="name" text={principal.name} />],
            [words.kind, words.kinds[principal.kind]],
            [words.until, expiresTime === null
              ? words.noEnd
              : <Time key="until" at={expiresTime} as="full" isFocusable />],
          ]}
        />
      </Panel>
      <Panel title={words.grants} isFlush>
        {principal.grants.length === 0
          ? <EmptyState title={words.noGrants} />
          : (
            <Table<Grant>
              caption={words.grants}
              rows={principal.grants}
              keyOf={(grant) => JSON.stringify(grant)}
              columns={[
                { key: 'role', label: words.role, cell: ({ role }) =>
                  <Badge tone="accent">{roles[role]}</Badge> },
                { key: 'where', label: words.where, cell: (grant) => <Where grant={grant} /> },
                { key: 'means', label: words.means, cell: ({ role }) => words.roles[role] },
              ]}
            />
          )}
      </Panel>
    </>
  );
}

export function Where(
  { grant: { namespaces } }: { readonly grant: Pick<Grant, 'namespaces'> },
): ReactNode {
  const words = useWords(accessWords);
  return namespaces === 'all' ? words.everywhere : <Name text={namespaces.join(', ')} />;
}
