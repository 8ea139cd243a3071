import type { ReactNode } from 'react';

import type { WhoAnswerView, WhoQuery } from '../../../../collector/api/contract/egress.ts';
import { Name } from '../../design/code.tsx';
import { Facts, Panel } from '../../design/page.tsx';
import { Notice } from '../../design/states.tsx';
import { Table } from '../../design/table.tsx';
import { useWords } from '../../words/catalogue.ts';
import { egressWords } from '../../words/egress.ts';
import { fleetWords } from '../../words/fleet.ts';
import { TimeRange } from '../parts/time-range.tsx';
import { useInSight } from '../parts/use-in-sight.ts';
import { Candidate } from './candidate.tsx';
import css from './egress.module.css';

/** The verdict, what keeps it from being certain, everybody it can have been, and what says so. */
export function WhoAnswer(
  { query, answer }: { readonly query: WhoQuery; readonly answer: WhoAnswerView },
): ReactNode {
  const words = useWords(egressWords);
  const { verdict, doubts, candidates, nodes, gaps, watched } = answer;
  const top = useInSight<HTMLDivElement>();
  return (
    <div ref={top} className={css.answer}>
      <Panel title={words.verdicts[verdict]}>
        {doubts.length > 0 && (
          <Notice tone="warn">
            <strong>{words.doubtsTitle}</strong>
            <span className={css.doubts}>
              {doubts.map((doubt) => <span key={doubt}>{words.doubts[doubt]}</span>)}
            </span>
          </Notice>
        )}
        <Facts
          items={[
            [words.period, <TimeRange key="period" from={answer.from} to={answer.to} />],
            [words.node, nodes.length === 0 ? '–' : (
              <Name key="nodes"
                text={nodes.map(({ cluster, node }) => `${cluster}/${node}`).join(' · ')} />
            )],
          ]}
        />
      </Panel>
      {candidates.length > 0 && (
        <ol className={css.candidates}>
          {candidates.map((candidate, index) => (
            <li key={JSON.stringify([candidate.cluster, candidate.node, candidate.containerId,
              candidate.pod, candidate.process, candidate.exe, candidate.protocol, index])}
            >
              <Candidate candidate={candidate} query={query} answer={answer} />
            </li>
          ))}
        </ol>
      )}
      {gaps.length > 0 && <Gaps gaps={gaps} />}
      {watched.length > 0 && <Watched watched={watched} />}
    </div>
  );
}

function Gaps({ gaps }: Pick<WhoAnswerView, 'gaps'>): ReactNode {
  const words = useWords(egressWords);
  const { causes } = useWords(fleetWords);
  return (
    <Panel title={words.gaps} isFlush>
      <Table
        caption={words.gaps}
        rows={gaps}
        keyOf={({ node, from, to, cause }) => JSON.stringify([node, from, to, cause])}
        columns={[
          { key: 'node', label: words.node, cell: ({ node }) => <Name text={node} /> },
          { key: 'time', label: words.when, cell: (gap) => <TimeRange {...gap} /> },
          { key: 'cause', label: words.evidence, cell: ({ cause }) => causes[cause] },
        ]}
      />
    </Panel>
  );
}

function Watched({ watched }: Pick<WhoAnswerView, 'watched'>): ReactNode {
  const words = useWords(egressWords);
  return (
    <Panel title={words.watched} isFlush>
      <Table
        caption={words.watched}
        rows={watched}
        keyOf={({ node, from, to }) => JSON.stringify([node, from, to])}
        columns={[
          { key: 'node', label: words.node, cell: ({ node }) => <Name text={node} /> },
          { key: 'time', label: words.when, cell: (span) => <TimeRange {...span} /> },
        ]}
      />
    </Panel>
  );
}
