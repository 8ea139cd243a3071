import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { Response } from '../../../../collector/respond/response.ts';
import { Badge } from '../../design/badge.tsx';
import { Name } from '../../design/code.tsx';
import { Panel } from '../../design/page.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { actionWords, responseStateWords } from '../../words/domain.ts';
import { incidentWords } from '../../words/incident.ts';
import { reasonWords } from '../../words/response-reasons.ts';
import { ResponseActions } from '../responses/response-actions.tsx';
import css from './incident.module.css';

/** What was proposed for this incident and how far it has come; approve and undo where it stands. */
export function Responses({ responses }: { readonly responses: readonly Response[] }): ReactNode {
  const words = useWords(incidentWords);
  return (
    <Panel title={words.responses}>
      <ul className={css.responses}>
        {responses.map((response) => <One key={response.id} response={response} />)}
      </ul>
    </Panel>
  );
}

function One({ response }: { readonly response: Response }): ReactNode {
  const words = useWords(incidentWords);
  const actions = useWords(actionWords);
  const states = useWords(responseStateWords);
  const reasons = useWords(reasonWords);
  const { state, approvals, reason, evidence } = response;
  const tone = state === 'verified' ? 'good' : state === 'proposed' ? 'warn'
    : state === 'failed' || state === 'not-effective' ? 'bad' : 'neutral';
  return (
    <li>
      <p className={css.responseHead}>
        <Link href={`/responses/${encodeURIComponent(response.id)}`}>
          {actions[response.action]}
        </Link>
        <Badge tone={tone}>{states[state]}</Badge>
        <span className={css.quiet}><Time at={response.proposedAtMs} /></span>
      </p>
      <p className={css.quiet}><Name text={response.target.pod} /></p>
      <p className={css.quiet}>
        {visibleText(words.proposedBy(response.proposedBy))}
        {approvals.length > 0 && ` · ${visibleText(words.approvalsSoFar(approvals.join(', ')))}`}
      </p>
      {reason !== '' && <p>{reasons[reason]}</p>}
      {evidence.length > 0 && (
        <p className={css.quiet}>
          {words.evidence}: <Name text={evidence.map(({ name }) => name).join(', ')} />
        </p>
      )}
      <ResponseActions response={response} />
    </li>
  );
}
