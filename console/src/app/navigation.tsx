import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';

import { mayAnywhere } from '../../../collector/access/roles.ts';
import { useSession } from '../data/session.ts';
import { Icon } from '../design/icon.tsx';
import { useWords } from '../words/catalogue.ts';
import { shellWords } from '../words/shell.ts';
import { places } from './routes.tsx';
import type { Place } from './routes.tsx';
import css from './navigation.module.css';

/** Those that are of use to whoever is signed in. */
export function usePlaces(): readonly Place[] {
  const { principal } = useSession();
  return places.filter(({ needs }) => needs === undefined || mayAnywhere(principal, needs));
}

export function Navigation({ onGo }: { readonly onGo?: () => void }): ReactNode {
  const words = useWords(shellWords);
  const mine = usePlaces();
  const [location] = useLocation();
  return (
    <nav aria-label={words.navigation}>
      <ul className={css.list}>
        {mine.map(({ name, icon, path }) => {
          const isHere = location === path || location.startsWith(`${path}/`);
          return (
            <li key={name}>
              <Link
                href={path}
                className={css.link}
                {...(isHere ? { 'aria-current': 'page' } : {})}
                {...(onGo === undefined ? {} : { onClick: onGo })}
              >
                <Icon name={icon} />
                {words.pages[name]}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
