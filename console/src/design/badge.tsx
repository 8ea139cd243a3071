import type { ReactNode } from 'react';

import css from './badge.module.css';

export type Tone = 'neutral' | 'accent' | 'good' | 'warn' | 'bad';

/** A state in a word. The tone says it again; it never says it alone. */
export function Badge(
  { tone = 'neutral', title, children }: {
    readonly tone?: Tone;
    readonly title?: string;
    readonly children: ReactNode;
  },
): ReactNode {
  return <span className={`${css.badge} ${css[tone]}`} title={title}>{children}</span>;
}
