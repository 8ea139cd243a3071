import type { ReactNode } from 'react';

import { Button } from '../../design/button.tsx';
import { Icon } from '../../design/icon.tsx';
import css from './download-link.module.css';

/** A file that is saved, never shown: the browser asks for it itself, with the session's cookie. */
export function DownloadLink(
  { href, fileName, label, refusal, children }: {
    readonly href: string;
    readonly fileName: string;
    /** With the name of the file, for those who hear links in a list. */
    readonly label: string;
    readonly refusal?: string | undefined;
    readonly children: ReactNode;
  },
): ReactNode {
  if (refusal !== undefined) {
    return <Button size="small" icon="download" refusal={refusal}>{children}</Button>;
  }
  return (
    <a className={css.link} href={href} download={fileName} aria-label={label}>
      <Icon name="download" size={14} />
      {children}
    </a>
  );
}
