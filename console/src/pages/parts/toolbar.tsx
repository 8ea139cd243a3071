import type { ReactNode } from 'react';

import { useWords } from '../../words/catalogue.ts';
import { partsWords } from '../../words/parts.ts';
import css from './toolbar.module.css';

/** Filters in a row that wraps; on a narrow screen each takes the whole width. */
export function Toolbar(
  { children }: { readonly children: ReactNode },
): ReactNode {
  const words = useWords(partsWords);
  return <div className={css.toolbar} role="search" aria-label={words.filters}>{children}</div>;
}
