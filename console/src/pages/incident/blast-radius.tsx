import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { AlertView } from '../../../../collector/api/contract/alert.ts';
import { Name, TextLine } from '../../design/code.tsx';
import { Panel } from '../../design/page.tsx';
import { SeverityMark } from '../../design/severity.tsx';
import { ErrorState, Loading } from '../../design/states.tsx';
import { Time } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { blastWords } from '../../words/blast.ts';
import { incidentWords } from '../../words/incident.ts';
import { useLanguage } from '../../words/language.ts';
import { blastAddressOf } from '../blast/blast-query.ts';
import { addressOfAlert } from '../live/alert-row.tsx';
import { useAlertContext } from './alert-details.tsx';
import css from './incident.module.css';

/** Which other pods and images show the same, and what this pod did just before. */
export function BlastRadius({ alert }: { readonly alert: AlertView }): ReactNode {
  const words = useWords(incidentWords);
  const blast = useWords(blastWords);
  const language = useLanguage();
  const context = useAlertContext(alert);
  if (context.isPending) return <Panel title={words.blast}><Loading /></Panel>;
  if (context.isError) {
    return <Panel title={words.blast}><ErrorState error={context.error} /></Panel>;
  }
  const { sameBehaviour, minuteBefore } = context.data;
  const { pods, images, days, isPartial } = sameBehaviour;
  return (
    <Panel title={words.blast}>
      <p className={css.quiet}>{words.blastLead(days)}</p>
      {pods.length === 0
        ? <p>{words.blastNone}</p>
        : <p><strong>{words.blastPods(pods.length, images.length)}</strong></p>}
      <ul className={css.pods}>
        {pods.map((pod) => (
          <li key={`${pod.cluster}/${pod.namespace}/${pod.pod}`}>
            <Link href={`/alerts/${encodeURIComponent(pod.lastAlertId)}`}>
              <Name text={`${pod.namespace}/${pod.pod}`} />
            </Link>
            <span className={css.quiet}><Name text={pod.image} /> · <Time at={pod.lastTime} /></span>
          </li>
        ))}
      </ul>
      <p>
        <Link href={blastAddressOf('alert', alert.id)}>{blast.toAlert}</Link>
      </p>
      {isPartial && <p className={css.quiet}>{words.partial}</p>}
      <h3>{words.minuteBefore}</h3>
      {minuteBefore.length === 0 && <p className={css.quiet}>{words.minuteBeforeNone}</p>}
      <ul className={css.pods}>
        {minuteBefore.map((one) => (
          <li key={one.id} className={css.before}>
            <SeverityMark severity={one.severity} />
            <Time at={one.firstTime} />
            <Link href={addressOfAlert(one)}><TextLine text={one.reason[language]} /></Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
