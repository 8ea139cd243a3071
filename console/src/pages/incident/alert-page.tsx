import type { ReactNode } from 'react';
import { Link, useParams } from 'wouter';

import type { AlertView } from '../../../../collector/api/contract/alert.ts';
import { useAsk } from '../../data/queries.ts';
import { Name } from '../../design/code.tsx';
import { PageBody, PageHeader } from '../../design/page.tsx';
import { SeverityLabel } from '../../design/severity.tsx';
import { ErrorState, Loading } from '../../design/states.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { incidentWords } from '../../words/incident.ts';
import { useLanguage } from '../../words/language.ts';
import { AlertDetails } from './alert-details.tsx';
import { AlertFacts } from './alert-facts.tsx';
import { BlastRadius } from './blast-radius.tsx';
import { Respond } from './respond.tsx';
import css from './incident.module.css';

/** An alert that belongs to no incident: suppressed, or not correlated yet. */
export function AlertPage(): ReactNode {
  const words = useWords(incidentWords);
  const language = useLanguage();
  const { id } = useParams<{ id: string }>();
  const asked = useAsk<AlertView>(`/api/v1/alerts/${encodeURIComponent(id)}`);
  if (asked.isPending) return <Loading />;
  if (asked.isError) {
    return <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />;
  }
  const alert = asked.data;
  const title = alert.reason[language];
  return (
    <>
      <PageHeader
        title={visibleText(title).slice(0, 120)}
        name={<Name text={title} />}
        lead={(
          <span className={css.lead}>
            <SeverityLabel severity={alert.severity} boxed />
            <Time at={alert.receivedTime} isFocusable />
            {alert.incidentId !== '' && (
              <Link href={`/incidents/${encodeURIComponent(alert.incidentId)}`}>
                {words.toIncident}
              </Link>
            )}
          </span>
        )}
      />
      <PageBody>
        <div className={css.columns}>
          <div className={css.column}><AlertDetails alert={alert} /></div>
          <div className={css.column}>
            <Respond alert={alert} />
            <BlastRadius alert={alert} />
            <AlertFacts alert={alert} />
          </div>
        </div>
      </PageBody>
    </>
  );
}
