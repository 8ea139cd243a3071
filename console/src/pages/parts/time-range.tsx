import type { ReactNode } from 'react';

import { Time } from '../../design/time.tsx';
import css from './time-range.module.css';

/** From then to then, the one below the other where there is no room. */
export function TimeRange({ from, to }: { readonly from: string; readonly to: string }): ReactNode {
  return (
    <span className={css.range}>
      <span><Time at={from} as="full" /> –</span>
      <Time at={to} as="full" />
    </span>
  );
}
