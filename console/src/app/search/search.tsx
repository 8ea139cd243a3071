import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';

import { Button, IconButton } from '../../design/button.tsx';
import { useWords } from '../../words/catalogue.ts';
import { searchWords } from '../../words/search.ts';
import type { NamedPage } from './hits.ts';
import { SearchDialog } from './search-dialog.tsx';
import css from './search.module.css';

/**
 * `Ctrl K` anywhere and `/` where no page has another use for it (the live list searches itself).
 * Not over an open dialog: what is being decided there comes first.
 */
export function useSearch(pages: readonly NamedPage[]) {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.altKey || document.querySelector('dialog[open]')) return;
      const isTyping = event.target instanceof Element &&
        event.target.closest('input, textarea, select') !== null;
      const hasModifier = event.ctrlKey || event.metaKey;
      const isAsked = hasModifier ? event.key.toLowerCase() === 'k'
        : event.key === '/' && !isTyping;
      if (!isAsked) return;
      event.preventDefault();
      setOpen(true);
    };
    // On the window: whatever a page does with a key is done by then.
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
  return {
    open: () => setOpen(true),
    dialog: isOpen ? <SearchDialog pages={pages} onClose={() => setOpen(false)} /> : null,
  };
}

export function SearchButton({ onOpen }: { readonly onOpen: () => void }): ReactNode {
  const words = useWords(searchWords);
  return (
    <Button icon="search" aria-keyshortcuts="Control+K" onClick={onOpen}>
      <span className={css.button}>{words.open}</span>
      <kbd className={css.key} aria-hidden="true">Ctrl K</kbd>
    </Button>
  );
}

export function SearchIcon({ onOpen }: { readonly onOpen: () => void }): ReactNode {
  const words = useWords(searchWords);
  return <IconButton label={words.open} icon="search" onClick={onOpen} />;
}
