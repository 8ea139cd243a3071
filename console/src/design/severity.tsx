import type { ReactNode } from 'react';

import type { Severity } from '../../../baseline/alert.ts';
import { useWords } from '../words/catalogue.ts';
import { severityWords } from '../words/domain.ts';
import css from './severity.module.css';

/** Each has a shape of its own, so that nobody needs to see the colour. */
const SHAPES: Readonly<Record<Severity, string>> = {
  critical: 'M5 1h6l4 4v6l-4 4H5l-4-4V5Z',
  high: 'M8 1.5 15 14H1Z',
  medium: 'M8 1 15 8l-7 7-7-7Z',
  low: 'M8 2.500a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z',
  informational: 'M2.5 8h11',
};
const FILLED: readonly Severity[] = ['critical', 'high', 'medium'];

export function SeverityMark({ severity }: { readonly severity: Severity }): ReactNode {
  return (
    <svg
      className={css[severity]}
      width="12"
      height="12"
      viewBox="0 0 16 16"
      fill={FILLED.includes(severity) ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeWidth={severity === 'informational' ? 3 : 2}
      aria-hidden="true"
    >
      <path d={SHAPES[severity]} />
    </svg>
  );
}

export function SeverityLabel(
  { severity, boxed = false }: { readonly severity: Severity; readonly boxed?: boolean },
): ReactNode {
  const words = useWords(severityWords);
  return (
    <span className={`${css.label} ${css[severity]} ${boxed ? css.boxed : ''}`}>
      <SeverityMark severity={severity} />
      {words[severity]}
    </span>
  );
}
