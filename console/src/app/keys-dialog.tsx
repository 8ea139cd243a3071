import type { ReactNode } from 'react';

import { Dialog } from '../design/dialog.tsx';
import { useWords } from '../words/catalogue.ts';
import { shellWords } from '../words/shell.ts';
import css from './shell.module.css';

export function KeysDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const words = useWords(shellWords).keys;
  const keys: readonly (readonly [string, string])[] = [
    ['j ↓', words.next],
    ['k ↑', words.previous],
    ['Enter', words.open],
    ['a', words.acknowledge],
    ['p', words.pause],
    ['/', words.find],
    ['Ctrl K', words.everywhere],
    ['?', words.help],
  ];
  return (
    <Dialog title={words.title} onClose={onClose}>
      <dl className={css.keys}>
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>{key.split(' ').map((one) => <kbd key={one}>{one}</kbd>)}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
