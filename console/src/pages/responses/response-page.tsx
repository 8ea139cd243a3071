import type { ReactNode } from 'react';
import { Link, useParams } from 'wouter';

import type { ResponseDetail } from '../../../../collector/api/contract/response.ts';
import { Code, CodeLine, Name } from '../../design/code.tsx';
import { Facts, PageBody, PageHeader, Panel } from '../../design/page.tsx';
import { ErrorState, Loading, Notice } from '../../design/states.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { actionWords } from '../../words/domain.ts';
import { reasonWords } from '../../words/response-reasons.ts';
import { responseWords } from '../../words/responses.ts';
import { Approvals } from './approvals.tsx';
import { Control } from './control.tsx';
import { Evidence } from './evidence.tsx';
import { PlanList } from './plan-list.tsx';
import { useResponse } from './queries.ts';
import { ResponseActions } from './response-actions.tsx';
import { Countdown, StateBadge } from './response-table.tsx';
import { Trial } from './trial.tsx';
import css from './responses.module.css';

/** One response: what will be touched, who said yes, how it went, what was collected before. */
export function ResponsePage(): ReactNode {
  const words = useWords(responseWords);
  const { id } = useParams<{ readonly id: string }>();
  const asked = useResponse(id);
  if (asked.isPending) return <Loading />;
  if (asked.isError) {
    return (
      <>
        <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />
        <PageBody><Link href="/responses">{words.back}</Link></PageBody>
      </>
    );
  }
  return <Detail response={asked.data} />;
}

function Detail({ response }: { readonly response: ResponseDetail }): ReactNode {
  const words = useWords(responseWords);
  const actions = useWords(actionWords);
  const { action, target } = response;
  return (
    <>
      <PageHeader
        title={`${actions[action]} ${visibleText(target.pod)}`}
        name={<>{actions[action]} <Name text={target.pod} /></>}
        lead={(
          <span className={css.headLine}>
            <Link href="/responses">{words.back}</Link>
            <StateBadge state={response.state} />
            <Countdown response={response} />
          </span>
        )}
        actions={<ResponseActions response={response} />}
      />
      <PageBody>
        <Control />
        <Outcome response={response} />
        <Panel title={words.plan}>
          <PlanList response={response} />
          {response.state === 'proposed' && <Trial response={response} />}
        </Panel>
        <Approvals response={response} />
        <Panel title={words.target}><TargetFacts response={response} /></Panel>
        <Evidence response={response} />
        {response.behaviours.length > 0 && (
          <Panel title={words.behaviours}>
            <ul className={css.plain}>
              {response.behaviours.map((text) => <li key={text}><Code text={text} /></li>)}
            </ul>
          </Panel>
        )}
      </PageBody>
    </>
  );
}

/** How it went, where there is something to say. */
function Outcome({ response }: { readonly response: ResponseDetail }): ReactNode {
  const words = useWords(responseWords);
  const reasons = useWords(reasonWords);
  const { state, reason, detail, warnings } = response;
  const isBad = state === 'failed' || state === 'not-effective';
  if (reason === '' && detail === '' && warnings.length === 0) return null;
  return (
    <Panel title={words.reason}>
      {reason !== '' &&
        <Notice tone={isBad ? 'bad' : 'warn'}>{reasons[reason]}</Notice>}
      {detail !== '' && <Code text={detail} />}
      {warnings.length > 0 && (
        <>
          <h3>{words.warnings}</h3>
          <ul className={css.plain}>
            {warnings.map((text) => <li key={text}><Code text={text} /></li>)}
          </ul>
        </>
      )}
    </Panel>
  );
}

function TargetFacts({ response }: { readonly response: ResponseDetail }): ReactNode {
  const { facts, openIncident } = useWords(responseWords);
  const { target, terms, incidentId } = response;
  const named = (term: string, text: string): readonly (readonly [string, ReactNode])[] =>
    (text === '' ? [] : [[term, <Name key={term} text={text} />]]);
  const at = (term: string, ms: number): readonly (readonly [string, ReactNode])[] =>
    (ms === 0 ? [] : [[term, <Time key={term} at={ms} as="full" isFocusable />]]);
  return (
    <Facts
      items={[
        ...named(facts.pod, `${target.namespace}/${target.pod}`),
        [facts.uid, <CodeLine key="uid" text={target.podUid} />],
        ...named(facts.node, target.node),
        ...named(facts.cluster, target.cluster),
        ...named(facts.workload, target.workload),
        ...named(facts.container, target.containerId),
        ...target.process === null
          ? []
          : named(facts.process, `${target.process.name} (${target.process.pid})`),
        ...named(facts.proposedBy, response.proposedBy),
        ...at(facts.proposed, response.proposedAtMs),
        ...named(facts.rule, response.rule),
        ...named(facts.policy, response.policyHash),
        ...response.why === ''
          ? []
          : [[facts.why, <Code key="why" text={response.why} />] as const],
        ...at(facts.updated, response.updatedAtMs),
        ...terms.ttlSeconds === 0 ? [] : at(facts.reverseAt, response.reverseAtMs),
        [facts.attempts, response.attempts],
        ...incidentId === '' ? [] : [[facts.incident,
          <Link key="incident" href={`/incidents/${encodeURIComponent(incidentId)}`}>
            {openIncident}
          </Link>] as const],
        ...response.reverses === '' ? [] : [[facts.reverses,
          <Link key="reverses" href={`/responses/${encodeURIComponent(response.reverses)}`}>
            <Name text={response.reverses} />
          </Link>] as const],
      ]}
    />
  );
}
