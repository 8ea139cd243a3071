import type { ReactNode } from 'react';

import type { IncidentView } from '../../../../collector/api/contract/incident.ts';
import { Badge } from '../../design/badge.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { verdictWords } from '../../words/domain.ts';
import { incidentWords } from '../../words/incident.ts';

/** Whether it is open, and whether somebody has seen it. */
export function IncidentState({ incident }: { readonly incident: IncidentView }): ReactNode {
  const words = useWords(incidentWords);
  const verdicts = useWords(verdictWords);
  const { work, isOpen, closedBecause } = incident;
  if (work.closed !== null) {
    return (
      <Badge title={visibleText(work.closed.why)}>
        {words.stateWords.closed}: {verdicts[work.closed.verdict]}
      </Badge>
    );
  }
  return (
    <>
      <Badge tone={isOpen ? 'warn' : 'neutral'}>
        {words.stateWords[isOpen ? 'open' : closedBecause || 'quiet']}
      </Badge>
      {work.acknowledged !== null && (
        <Badge tone="good">{visibleText(words.acknowledgedBy(work.acknowledged.by))}</Badge>
      )}
    </>
  );
}
