import type { ReactNode } from 'react';

import type { NetworkPolicyAnswer } from '../../../../collector/api/contract/policies.ts';
import { Name } from '../../design/code.tsx';
import { LongTable } from '../../design/long-table.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { generatedWords } from '../../words/generated.ts';

/** What the policies do not say, and why: never widened silently. */
type Row = NetworkPolicyAnswer['report']['left'][number];

export function LeftList({ rows }: { readonly rows: readonly Row[] }): ReactNode {
  const words = useWords(generatedWords);
  return (
    <Panel isFlush title={words.tabs.left}>
      {rows.length === 0
        ? <EmptyState title={words.noLeft} />
        : (
          <LongTable
            caption={words.tabs.left}
            rows={rows}
            keyOf={(row) => JSON.stringify(row)}
            columns={[
              { key: 'workload', label: words.workload, width: 'minmax(0, 0.5fr)',
                cell: ({ workload }) => <Name text={workload} /> },
              { key: 'reason', label: words.reason, cell: ({ reason }) => words.lefts[reason] },
              { key: 'what', label: words.what, cell: ({ value }) => <Name text={value} /> },
            ]}
          />
        )}
    </Panel>
  );
}
