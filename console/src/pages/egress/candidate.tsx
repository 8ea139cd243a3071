import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { WhoAnswerView, WhoQuery } from '../../../../collector/api/contract/egress.ts';
import { addressOf } from '../../data/api.ts';
import { Badge } from '../../design/badge.tsx';
import { Name } from '../../design/code.tsx';
import { Facts } from '../../design/page.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { egressWords } from '../../words/egress.ts';
import { blastAddressOf } from '../blast/blast-query.ts';
import { useLasting } from '../parts/lasting-text.ts';
import { applicationOf, imageNameOf } from './flow-words.ts';
import css from './egress.module.css';

/** One who can have been it, how likely, and where each claim can be looked up. */
export type CandidateView = WhoAnswerView['candidates'][number];

export function Candidate(
  { candidate, query, answer }: {
    readonly candidate: CandidateView;
    readonly query: WhoQuery;
    readonly answer: WhoAnswerView;
  },
): ReactNode {
  const words = useWords(egressWords);
  const lasting = useLasting();
  const { likelihood, pod, namespace, node, process, exe, image, outcomes } = candidate;
  const tone = likelihood === 'source-port' ? 'good' : likelihood === 'time' ? 'accent' : 'neutral';
  return (
    <article className={css.candidate}>
      <header className={css.candidateHead}>
        <h3>{pod === ''
          ? <Name text={words.ofNode(node)} />
          : <Name text={`${namespace}/${pod}`} />}</h3>
        <Badge tone={tone}>{words.likelihoods[likelihood]}</Badge>
        {candidate.precision === 'hour' && <Badge tone="warn">{words.hourOnly}</Badge>}
        <span className={css.quiet}>{words.connections(candidate.count)}</span>
      </header>
      <Facts
        items={[
          [words.process, (
            <Name key="process" text={exe === '' ? process : `${process} (${exe})`} />
          )],
          [words.application, <Name key="app" text={applicationOf(candidate)} />],
          [words.image, <Name key="image" text={imageNameOf(image)} />],
          [words.node, <Name key="node" text={node} />],
          [words.outcome, outcomes.map((outcome) => words.outcomes[outcome]).join(' · ')],
          [words.first, <Time key="first" at={candidate.firstTime} as="full" />],
          [words.last, <Time key="last" at={candidate.lastTime} as="full" />],
          [words.nearest, lasting(Math.ceil(candidate.distanceSeconds))],
          [words.sourcePorts, <SourcePorts key="ports" {...candidate} asked={query.srcPort} />],
          ...candidate.name === '' ? []
            : [[words.name, <Name key="name" text={candidate.name} />] as const],
        ]}
      />
      <p className={css.evidence}>
        <span>{words.evidence}:</span>
        <Link href={flowsAddressOf(candidate, query, answer)}>
          {words.flowIds(candidate.flows.length)}
        </Link>
        <Name className={css.quiet} text={candidate.flows.join(' ')} />
        {pod !== '' && (
          <Link href={addressOf('/live', { namespace, q: pod, handling: 'all' })}>
            {words.toAlerts}
          </Link>
        )}
        {image.repository !== '' && (
          <Link href={blastAddressOf('image', image.digest === ''
            ? imageNameOf(image) : `${image.repository}@${image.digest}`)}
          >
            {words.toBlast}
          </Link>
        )}
      </p>
    </article>
  );
}

function SourcePorts(
  { sourcePorts, portsBeyond, asked }: Pick<CandidateView, 'sourcePorts' | 'portsBeyond'> & {
    readonly asked: number | undefined;
  },
): ReactNode {
  const words = useWords(egressWords);
  if (sourcePorts.length === 0 && portsBeyond === 0) return words.noPorts;
  return (
    <>
      {sourcePorts.map((port) => (
        <span key={port}>{port === asked ? <mark className={css.mark}>{port}</mark> : port} </span>
      ))}
      {portsBeyond > 0 && words.portsBeyond(portsBeyond)}
    </>
  );
}

/** The rows of the ledger that say so, and what else that pod did at the time. */
const flowsAddressOf = (
  { namespace, pod, node }: CandidateView,
  { dst, dstPort }: WhoQuery,
  { from, to }: WhoAnswerView,
): string => addressOf('/egress', {
  tab: 'flows', namespace, pod, node, address: dst, port: dstPort, from, to,
});
