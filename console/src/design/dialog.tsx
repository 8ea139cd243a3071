import { useEffect, useId, useRef } from 'react';
import type { ReactNode } from 'react';

import { useWords } from '../words/catalogue.ts';
import { designWords } from '../words/design.ts';
import { IconButton } from './button.tsx';
import css from './dialog.module.css';

export type DialogProps = {
  readonly title: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Buttons, the one that does it last. */
  readonly actions?: ReactNode;
  readonly isWide?: boolean;
};

/**
 * The browser's own dialog: it holds the focus, gives it back and closes on Escape. Shown while it
 * is rendered.
 */
export function Dialog({ title, onClose, children, actions, isWide }: DialogProps): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  const words = useWords(designWords);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null) return undefined;
    const before = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={`${css.dialog} ${isWide === true ? css.wide : ''}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div className={css.inside}>
        <header className={css.header}>
          <h2 id={titleId}>{title}</h2>
          <IconButton label={words.close} icon="close" size="small" onClick={onClose} />
        </header>
        <div className={css.body} tabIndex={0}>{children}</div>
        {actions !== undefined && <footer className={css.actions}>{actions}</footer>}
      </div>
    </dialog>
  );
}
