import type { ReactNode } from 'react';
import { Link, useParams } from 'wouter';

import type { IncidentDetail } from '../../../../collector/api/contract/incident.ts';
import { useAsk } from '../../data/queries.ts';
import { Name, TextLine } from '../../design/code.tsx';
import { PageBody, PageHeader, Panel } from '../../design/page.tsx';
import { SeverityLabel, SeverityMark } from '../../design/severity.tsx';
import { ErrorState, Loading, Notice } from '../../design/states.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { incidentWords } from '../../words/incident.ts';
import { useLanguage } from '../../words/language.ts';
import { useSearchState } from '../parts/search-state.ts';
import { AlertDetails } from './alert-details.tsx';
import { BlastRadius } from './blast-radius.tsx';
import { AlertFacts } from './alert-facts.tsx';
import { Comments } from './comments.tsx';
import { IncidentState } from './incident-state.tsx';
import { Respond } from './respond.tsx';
import { Responses } from './responses.tsx';
import { Timeline } from './timeline.tsx';
import { WorkButtons } from './work-buttons.tsx';
import css from './incident.module.css';

/** What happened, what is normal instead, who works on it, and what can be done. */
export function IncidentPage(): ReactNode {
  const { id } = useParams<{ id: string }>();
  const asked = useAsk<IncidentDetail>(`/api/v1/incidents/${encodeURIComponent(id)}`);
  if (asked.isPending) return <Loading />;
  if (asked.isError) {
    return <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />;
  }
  return <Incident detail={asked.data} />;
}

function Incident({ detail }: { readonly detail: IncidentDetail }): ReactNode {
  const words = useWords(incidentWords);
  const { incident, alerts, responses, work } = detail;
  const { search } = useSearchState();
  const chosen = alerts.items.find(({ id }) => id === search.get('alert')) ?? alerts.items[0];
  return (
    <>
      <Head detail={detail} />
      <PageBody>
        {incident.mergedInto !== '' && (
          <Notice tone="warn">
            {words.mergedInto}{' '}
            <Link href={`/incidents/${encodeURIComponent(incident.mergedInto)}`}>
              {words.goThere}
            </Link>
          </Notice>
        )}
        <div className={css.columns}>
          <div className={css.column}>
            <Timeline incidentId={incident.id} />
            {alerts.items.length > 1 && chosen !== undefined && (
              <AlertChoice detail={detail} chosenId={chosen.id} />
            )}
            {chosen !== undefined && <AlertDetails key={chosen.id} alert={chosen} />}
          </div>
          <div className={css.column}>
            {chosen !== undefined && <Respond key={chosen.id} alert={chosen} />}
            {responses.length > 0 && <Responses responses={responses} />}
            <Comments incidentId={incident.id} comments={work.comments}
              namespace={incident.namespace} />
            {chosen !== undefined && <BlastRadius alert={chosen} />}
            {chosen !== undefined && <AlertFacts alert={chosen} />}
          </div>
        </div>
      </PageBody>
    </>
  );
}

function Head({ detail }: { readonly detail: IncidentDetail }): ReactNode {
  const words = useWords(incidentWords);
  const language = useLanguage();
  const { incident, work } = detail;
  const title = incident.title[language];
  return (
    <PageHeader
      title={visibleText(title).slice(0, 120)}
      name={<Name text={title} />}
      lead={(
        <span className={css.lead}>
          <SeverityLabel severity={incident.severity} boxed />
          <IncidentState incident={incident} />
          <span>{work.assignee === null
            ? words.nobody
            : visibleText(words.assignedTo(work.assignee))}</span>
          <span>{words.alerts(incident.alertCount)} · {words.events(incident.eventCount)} ·{' '}
            {words.pods(incident.pods.length + incident.podsDropped)}</span>
          <Time at={incident.firstTime} isFocusable />
          <span>{words.columns.score} {Math.round(incident.score)}</span>
        </span>
      )}
      actions={<WorkButtons incident={incident} work={work} />}
    />
  );
}

function AlertChoice(
  { detail, chosenId }: { readonly detail: IncidentDetail; readonly chosenId: string },
): ReactNode {
  const words = useWords(incidentWords);
  const language = useLanguage();
  const { change } = useSearchState();
  return (
    <Panel title={words.whichAlert} isFlush>
      <ul className={css.choice}>
        {detail.alerts.items.map((alert) => (
          <li key={alert.id}>
            <button
              type="button"
              aria-pressed={alert.id === chosenId}
              onClick={() => change({ alert: alert.id })}
            >
              <SeverityMark severity={alert.severity} />
              <Time at={alert.firstTime} />
              <TextLine text={`${alert.pod}: ${alert.reason[language]}`} />
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
