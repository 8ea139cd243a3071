import type { ReactNode } from 'react';

import type { NetworkPolicyAnswer } from '../../../../collector/api/contract/policies.ts';
import { Badge } from '../../design/badge.tsx';
import { Bar } from '../../design/bar.tsx';
import { Name } from '../../design/code.tsx';
import { LongTable } from '../../design/long-table.tsx';
import { Panel } from '../../design/page.tsx';
import { EmptyState } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { generatedWords } from '../../words/generated.ts';
import { percentOf } from '../images/percent.ts';

/** How much of each workload was known when the policies were made. */
type Row = NetworkPolicyAnswer['report']['coverage'][number];

export function CoverageList({ rows }: { readonly rows: readonly Row[] }): ReactNode {
  const words = useWords(generatedWords);
  return (
    <Panel isFlush title={words.tabs.coverage}>
      {rows.length === 0
        ? <EmptyState title={words.noCoverage} />
        : (
          <LongTable
            caption={words.tabs.coverage}
            rows={rows}
            keyOf={({ workload, profile }) => JSON.stringify([workload, profile])}
            columns={[
              { key: 'workload', label: words.workload, width: 'minmax(0, 0.6fr)',
                cell: ({ workload }) => <Name text={workload} /> },
              { key: 'profile', label: words.profile, cell: ({ profile }) =>
                <Name text={profile} /> },
              { key: 'coverage', label: words.coverage, width: '180px',
                cell: ({ coverage, isComplete }) => (
                  <Bar label={words.coverageText(percentOf(coverage))} value={coverage} max={1}
                    text={percentOf(coverage)} tone={isComplete ? 'good' : 'accent'} />
                ) },
              { key: 'state', label: words.state, width: '110px', cell: ({ isComplete }) => (
                <Badge tone={isComplete ? 'good' : 'warn'}>
                  {isComplete ? words.complete : words.learning}
                </Badge>
              ) },
            ]}
          />
        )}
    </Panel>
  );
}
