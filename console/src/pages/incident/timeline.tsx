import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { TimelineAnswer } from '../../../../collector/api/contract/incident.ts';
import { useAsk } from '../../data/queries.ts';
import { Badge } from '../../design/badge.tsx';
import { Code, Name } from '../../design/code.tsx';
import { Icon } from '../../design/icon.tsx';
import { Panel } from '../../design/page.tsx';
import { SeverityMark } from '../../design/severity.tsx';
import { ErrorState, Loading } from '../../design/states.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { actionWords, responseStateWords } from '../../words/domain.ts';
import { incidentWords } from '../../words/incident.ts';
import { useLanguage } from '../../words/language.ts';
import css from './incident.module.css';

type TimelineItem = TimelineAnswer['items'][number];

export function Timeline({ incidentId }: { readonly incidentId: string }): ReactNode {
  const words = useWords(incidentWords);
  const asked = useAsk<TimelineAnswer>(
    `/api/v1/incidents/${encodeURIComponent(incidentId)}/timeline`);
  return (
    <Panel title={words.timeline}>
      {asked.isPending && <Loading />}
      {asked.isError && <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />}
      {asked.data?.isPartial === true && <p className={css.quiet}>{words.timelinePartial}</p>}
      {asked.data !== undefined && (
        <ol className={css.timeline}>
          {asked.data.items.map((item, index) => (
            <li key={index} className={css[item.kind]}>
              <span className={css.when}><Time at={item.time} isFocusable /></span>
              <span className={css.knot}><Knot item={item} /></span>
              <div className={css.event}><Event item={item} /></div>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

function Knot({ item }: { readonly item: TimelineItem }): ReactNode {
  switch (item.kind) {
    case 'finding':
      return <SeverityMark severity={item.severity} />;
    case 'response':
      return <Icon name="response" size={14} />;
    case 'comment':
    case 'decision':
      return <Icon name="person" size={14} />;
    case 'gap':
    case 'revision':
      return <span className={css.dot} />;
  }
}

function Event({ item }: { readonly item: TimelineItem }): ReactNode {
  switch (item.kind) {
    case 'finding':
      return <Finding item={item} />;
    case 'revision':
      return <Revision item={item} />;
    case 'gap':
      return <Gap item={item} />;
    case 'response':
      return <ResponseStep item={item} />;
    case 'comment':
      return <><Name text={item.by} />: <Name text={item.text} /></>;
    case 'decision':
      return <Decision item={item} />;
  }
}

type Of<K extends TimelineItem['kind']> = { readonly item: Extract<TimelineItem, { kind: K }> };

function Finding({ item }: Of<'finding'>): ReactNode {
  const words = useWords(incidentWords);
  const language = useLanguage();
  return (
    <>
      <p>
        <Name text={item.reason[language]} />
        {item.count > 1 && <span className={css.quiet}> {words.times(item.count)}</span>}
        {item.techniques.map((id) => <Badge key={id}>{id}</Badge>)}
      </p>
      {item.process !== '' && <Code text={item.process} />}
    </>
  );
}

function Revision({ item }: Of<'revision'>): ReactNode {
  const words = useWords(incidentWords);
  return <span className={css.quiet}>{words.grew(item.revision, words.events(item.count))}</span>;
}

function Gap({ item }: Of<'gap'>): ReactNode {
  const words = useWords(incidentWords);
  return (
    <>
      {visibleText(words.gap(item.node, item.cause))}, {words.until} <Time at={item.to} />;{' '}
      {item.eventsEstimate < 0 ? words.gapUnknown : words.gapEvents(item.eventsEstimate)}
    </>
  );
}

function ResponseStep({ item }: Of<'response'>): ReactNode {
  const words = useWords(incidentWords);
  const actions = useWords(actionWords);
  const states = useWords(responseStateWords);
  const action = item.action in actions
    ? actions[item.action as keyof typeof actions]
    : item.action;
  const step = item.step in states ? states[item.step as keyof typeof states] : item.step;
  return (
    <>
      <Link href={`/responses/${encodeURIComponent(item.responseId)}`}>
        {words.response(action, step)}
      </Link>
      {item.by !== '' && <span className={css.quiet}> <Name text={item.by} /></span>}
    </>
  );
}

function Decision({ item }: Of<'decision'>): ReactNode {
  const words = useWords(incidentWords);
  const step = item.step in words.steps
    ? words.steps[item.step as keyof typeof words.steps]
    : item.step;
  return <><Name text={item.by} /> {step} <Name text={item.detail} /></>;
}
