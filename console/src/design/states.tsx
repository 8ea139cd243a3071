import type { ReactNode } from 'react';

import { ApiError } from '../data/api.ts';
import { useWords } from '../words/catalogue.ts';
import { designWords } from '../words/design.ts';
import { errorWords } from '../words/errors.ts';
import { Button } from './button.tsx';
import { Name } from './code.tsx';
import css from './states.module.css';

/** Nothing is there: say why that can be, and what to do. */
export function EmptyState(
  { title, children }: { readonly title: string; readonly children?: ReactNode },
): ReactNode {
  return (
    <div className={css.state}>
      <p className={css.title}>{title}</p>
      {children !== undefined && <div className={css.detail}>{children}</div>}
    </div>
  );
}

/** What failed in words a person can act on; the collector's own words below. */
export function ErrorState(
  { error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void },
): ReactNode {
  const words = useWords(designWords);
  return (
    <div className={css.state} role="alert">
      <p className={css.title}>{words.failed}</p>
      <div className={css.detail}><ErrorText error={error} /></div>
      {onRetry !== undefined && <Button onClick={onRetry}>{words.tryAgain}</Button>}
    </div>
  );
}

/** The same in a line, below the button that was pressed. */
export function ErrorText({ error }: { readonly error: unknown }): ReactNode {
  const words = useWords(errorWords);
  if (!(error instanceof ApiError)) return words.unexpected;
  const known = error.code in words.codes
    ? words.codes[error.code as keyof typeof words.codes]
    : undefined;
  return (
    <>
      {known ?? words.refused(error.status)}{' '}
      {error.message !== '' && <Name className={css.own} text={error.message} />}
    </>
  );
}

export function Loading(): ReactNode {
  const words = useWords(designWords);
  return <p className={css.loading} role="status" data-loading="">{words.loading}…</p>;
}

/** What an action led to, below its button; read out when it appears. */
export function Notice(
  { tone = 'good', children }: {
    readonly tone?: 'good' | 'bad' | 'warn';
    readonly children: ReactNode;
  },
): ReactNode {
  return (
    <p className={`${css.notice} ${css[tone]}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {children}
    </p>
  );
}
