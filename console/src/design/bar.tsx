import type { ReactNode } from 'react';

import css from './bar.module.css';

/** A share as a bar; the number stands beside it, because a bar alone says nothing exact. */
export function Bar(
  { label, value, max, text, tone = 'accent' }: {
    /** What is measured, for those who do not see it. */
    readonly label: string;
    readonly value: number;
    readonly max: number;
    readonly text: string;
    readonly tone?: 'accent' | 'good' | 'warn' | 'bad';
  },
): ReactNode {
  const share = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
  return (
    <div className={css.bar} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={max}
      aria-valuenow={Math.min(max, Math.max(0, value))} aria-valuetext={text}>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" className={css.track} aria-hidden="true">
        <rect width="100" height="6" className={css.ground} />
        <rect width={share * 100} height="6" className={css[tone]} />
      </svg>
      <span className={css.text} aria-hidden="true">{text}</span>
    </div>
  );
}
