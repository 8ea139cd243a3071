import type { ReactNode } from 'react';

import { Name } from '../../design/code.tsx';
import css from './incident.module.css';

/** A person's line breaks stay line breaks; everything else is shown as it is written. */
const LINES_MAX = 200;

export function CommentText({ text }: { readonly text: string }): ReactNode {
  return (
    <div className={css.text}>
      {text.split(/\r?\n/, LINES_MAX).map((line, index) => (
        <p key={index}><Name text={line} isWhole /></p>
      ))}
    </div>
  );
}
