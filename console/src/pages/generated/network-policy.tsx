import type { ReactNode } from 'react';

import type { NetworkPolicyAnswer as Answer } from '../../../../collector/api/contract/policies.ts';
import { useAsk } from '../../data/queries.ts';
import { Facts, Panel } from '../../design/page.tsx';
import { ErrorState, Loading, Notice } from '../../design/states.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { generatedWords } from '../../words/generated.ts';
import { useSearchState } from '../parts/search-state.ts';
import { TimeRange } from '../parts/time-range.tsx';
import { useInSight } from '../parts/use-in-sight.ts';
import { Artefact } from './artefact.tsx';
import { CoverageList } from './coverage-list.tsx';
import { DeniedList } from './denied-list.tsx';
import { LeftList } from './left-list.tsx';
import { fileNameOf } from './policy-query.ts';
import type { PolicyQuestion } from './policy-query.ts';
import css from './generated.module.css';

/** First what they would have denied: who does not read that should not apply the file. */
const tabs = ['yaml', 'denied', 'coverage', 'left'] as const;

export function NetworkPolicyAnswer(
  { question }: { readonly question: Extract<PolicyQuestion, { of: 'namespace' }> },
): ReactNode {
  const { namespace, format, days, incomplete } = question;
  const asked = useAsk<Answer>('/api/v1/policies/network',
    { namespace, format, days, incomplete: incomplete || undefined });
  if (asked.isPending) return <Panel><Loading /></Panel>;
  if (asked.isError) {
    return (
      <Panel><ErrorState error={asked.error} onRetry={() => void asked.refetch()} /></Panel>
    );
  }
  return <Made answer={asked.data} />;
}

function Made({ answer }: { readonly answer: Answer }): ReactNode {
  const words = useWords(generatedWords);
  const { search, change } = useSearchState();
  const selected = tabs.find((tab) => tab === search.get('tab')) ?? 'yaml';
  const { report, yaml, namespace, format } = answer;
  const top = useInSight<HTMLDivElement>();
  const counts = {
    denied: report.denied.length + report.deniedBeyond,
    coverage: report.coverage.length,
    left: report.left.length,
  };
  const content = {
    yaml: <Artefact text={yaml} fileName={fileNameOf(namespace, format)} />,
    denied: <DeniedList report={report} />,
    coverage: <CoverageList rows={report.coverage} />,
    left: <LeftList rows={report.left} />,
  };
  return (
    <div ref={top} className={css.answer}>
      <Verdict answer={answer} />
      <Tabs
        label={words.tabsLabel}
        selected={selected}
        onSelect={(tab) => change({ tab: tab === 'yaml' ? '' : tab })}
        tabs={tabs.map((key) => ({
          key,
          label: key === 'yaml' ? words.tabs.yaml
            : `${words.tabs[key]} (${counts[key].toLocaleString()})`,
          content: <div className={css.stack}>{content[key]}</div>,
        }))}
      />
    </div>
  );
}

function Verdict({ answer: { report, documents, days } }: { readonly answer: Answer }): ReactNode {
  const words = useWords(generatedWords);
  const { replay, objects } = report;
  const unexplained = replay.denied - replay.deniedAsAttack;
  const tried = replay.allowed + replay.denied;
  // Without a policy everything is allowed: that would read as a good result.
  const title = documents.length === 0 ? words.verdictNoPolicy
    : tried === 0 ? words.verdictUntried
      : replay.denied === 0
        ? words.verdictNone(replay.allowed, days)
        : words.verdictSome(replay.denied, tried, days);
  return (
    <Panel title={title}>
      {documents.length === 0 && <Notice tone="warn">{words.noPolicyHint}</Notice>}
      {unexplained > 0 && <Notice tone="warn">{words.unexplained(unexplained)}</Notice>}
      {replay.deniedAsAttack > 0 && <Notice>{words.attacks(replay.deniedAsAttack)}</Notice>}
      {!replay.isWhole && <Notice tone="warn">{words.notWhole}</Notice>}
      {documents.some(({ isIsolation }) => isIsolation) && <p>{words.isolation}</p>}
      <Facts
        items={[
          [words.replayed, <TimeRange key="replayed" from={replay.from} to={replay.to} />],
          [words.flows, replay.flows.toLocaleString()],
          [words.allowed, replay.allowed.toLocaleString()],
          [words.denied, replay.denied.toLocaleString()],
          [words.unjudged, <Unjudged key="unjudged" unjudged={replay.unjudged} />],
          [words.objects, words.objectsText(objects.pods, objects.services, objects.nodes)],
          [words.listed, <Time key="listed" at={objects.listedTime} as="ago" />],
          [words.history, objects.historySince === null
            ? words.noHistory
            : <Time key="history" at={objects.historySince} as="full" />],
        ]}
      />
    </Panel>
  );
}

function Unjudged(
  { unjudged }: { readonly unjudged: Answer['report']['replay']['unjudged'] },
): ReactNode {
  const words = useWords(generatedWords);
  if (unjudged.length === 0) return 0;
  return (
    <ul>
      {unjudged.map(({ reason, connections }) => (
        <li key={reason}>
          {connections.toLocaleString()} {words.unjudgedReasons[reason]}
        </li>
      ))}
    </ul>
  );
}
