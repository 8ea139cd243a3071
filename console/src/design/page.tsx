import { useEffect } from 'react';
import type { ReactNode } from 'react';

import css from './page.module.css';

/** The head of a page: its name (the browser's title as well), a line about it, its buttons. */
export function PageHeader(
  { title, name, lead, actions }: {
    /** For the browser's title, and the heading where `name` gives none. */
    readonly title: string;
    readonly name?: ReactNode;
    readonly lead?: ReactNode;
    readonly actions?: ReactNode;
  },
): ReactNode {
  useEffect(() => {
    document.title = `${title} · Lanner`;
  }, [title]);
  return (
    <header className={css.header}>
      <div className={css.words}>
        <h1>{name ?? title}</h1>
        {lead !== undefined && <p className={css.lead}>{lead}</p>}
      </div>
      {actions !== undefined && <div className={css.actions}>{actions}</div>}
    </header>
  );
}

/** What scrolls, with the space around it that every page has. */
export function PageBody({ children }: { readonly children: ReactNode }): ReactNode {
  return <div className={css.body}>{children}</div>;
}

export function Panel(
  { title, actions, children, isFlush = false }: {
    readonly title?: ReactNode;
    readonly actions?: ReactNode;
    readonly children: ReactNode;
    /** No space around the content: for tables. */
    readonly isFlush?: boolean;
  },
): ReactNode {
  return (
    <section className={css.panel}>
      {title !== undefined && (
        <header className={css.panelHeader}>
          <h2>{title}</h2>
          {actions !== undefined && <div className={css.actions}>{actions}</div>}
        </header>
      )}
      <div className={isFlush ? css.flush : css.inside}>{children}</div>
    </section>
  );
}

/** Terms and their values, two columns that become one. */
export function Facts(
  { items }: { readonly items: readonly (readonly [term: string, value: ReactNode])[] },
): ReactNode {
  return (
    <dl className={css.facts}>
      {items.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
