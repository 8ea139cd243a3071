import { useState } from 'react';
import type { ReactNode } from 'react';

import { useSession } from '../data/session.ts';
import { Button, IconButton } from '../design/button.tsx';
import { Name } from '../design/code.tsx';
import { Dialog } from '../design/dialog.tsx';
import { useWords } from '../words/catalogue.ts';
import { shellWords } from '../words/shell.ts';
import { ConnectionBadge } from './connection-badge.tsx';
import { Navigation, usePlaces } from './navigation.tsx';
import { PreferenceFields } from './preference-fields.tsx';
import { SearchButton, SearchIcon, useSearch } from './search/search.tsx';
import css from './shell.module.css';

/** The frame: navigation at the side, or behind a button where there is no room for it. */
export function Shell(
  { onSignOut, children }: { readonly onSignOut: () => void; readonly children: ReactNode },
): ReactNode {
  const words = useWords(shellWords);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const mine = usePlaces();
  const search = useSearch(mine.map(({ name, path }) => ({ path, name: words.pages[name] })));
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#content">{words.skip}</a>
      <header className={css.top}>
        <IconButton label={words.menu} icon="menu" onClick={() => setMenuOpen(true)} />
        <Mark />
        <ConnectionBadge />
        <SearchIcon onOpen={search.open} />
      </header>
      <aside className={css.side}>
        <Mark />
        <SearchButton onOpen={search.open} />
        <Navigation />
        <div className={css.foot}>
          <ConnectionBadge />
          <Person onSignOut={onSignOut} />
          <PreferenceFields />
        </div>
      </aside>
      {isMenuOpen && (
        <Dialog title="Lanner" onClose={() => setMenuOpen(false)}>
          <Navigation onGo={() => setMenuOpen(false)} />
          <Person onSignOut={onSignOut} />
          <PreferenceFields />
        </Dialog>
      )}
      {search.dialog}
      <main id="content" className={css.main} tabIndex={-1}>{children}</main>
    </div>
  );
}

function Mark(): ReactNode {
  return (
    <div className={css.mark}>
      <img src="/mark.svg" alt="" width="22" height="22" />
      <span>Lanner</span>
    </div>
  );
}

function Person({ onSignOut }: { readonly onSignOut: () => void }): ReactNode {
  const words = useWords(shellWords);
  const { principal } = useSession();
  return (
    <div className={css.person}>
      <span className={css.who} title={words.signedInAs}><Name text={principal.name} /></span>
      <Button look="quiet" size="small" onClick={onSignOut}>{words.signOut}</Button>
    </div>
  );
}
