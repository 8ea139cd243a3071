import { useContext } from 'react';
import type { ReactNode } from 'react';

import { severities } from '../../../../baseline/alert.ts';
import type { AlertCounts } from '../../../../collector/api/contract/alert.ts';
import { useAsk } from '../../data/queries.ts';
import { SeverityMark } from '../../design/severity.tsx';
import { NowContext } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { severityWords } from '../../words/domain.ts';
import { LOCALES, useLanguage } from '../../words/language.ts';
import { liveWords } from '../../words/live.ts';
import type { Filters } from './filters.ts';
import css from './live.module.css';

const DAY_MS = 86_400_000;
/** The day's beginning moves in steps, so that the question stays the same for a while. */
const STEP_MS = 600_000;

/** How many of each severity a day brought; a press shows those and what is worse. */
export function SeverityCounts(
  { chosen, onChoose }: {
    readonly chosen: Filters['severity'];
    readonly onChoose: (severity: Filters['severity']) => void;
  },
): ReactNode {
  const words = useWords(liveWords);
  const names = useWords(severityWords);
  const language = useLanguage();
  const now = useContext(NowContext);
  const fromMs = Math.floor((now - DAY_MS) / STEP_MS) * STEP_MS;
  const asked = useAsk<AlertCounts>('/api/v1/alert-counts', {
    from: new Date(fromMs).toISOString(),
    bucketSeconds: 3_600,
    by: 'severity',
  });
  if (asked.data === undefined) return null;
  const counts = new Map(asked.data.groups.map(({ key, count }) => [key, count]));
  return (
    <span className={css.counts} role="group" aria-label={words.lastDay} title={words.lastDay}>
      {severities.toReversed().map((severity) => {
        const count = (counts.get(severity) ?? 0).toLocaleString(LOCALES[language]);
        return (
          <button
            key={severity}
            type="button"
            aria-pressed={chosen === severity}
            aria-label={`${names[severity]}: ${count}`}
            onClick={() => onChoose(chosen === severity ? '' : severity)}
          >
            <SeverityMark severity={severity} />
            {count}
          </button>
        );
      })}
    </span>
  );
}
