import { useState } from 'react';
import type { ReactNode } from 'react';

import { Button } from '../../design/button.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { Notice } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { accessWords } from '../../words/access.ts';
import css from './access.module.css';

export type Secret = { readonly name: string; readonly text: string };

/** The one time that a token is shown. It lives in this dialog alone and goes with it. */
export function SecretDialog(
  { secret, onClose }: { readonly secret: Secret; readonly onClose: () => void },
): ReactNode {
  const words = useWords(accessWords);
  const [copied, setCopied] = useState<boolean | null>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(secret.text);
      setCopied(true);
    } catch {
      // Not over plain HTTP, and not where a policy forbids it: said below.
      setCopied(false);
    }
  };
  return (
    <Dialog
      title={words.secretTitle(secret.name)}
      onClose={onClose}
      actions={<Button look="main" onClick={onClose}>{words.done}</Button>}
    >
      <p>{words.secretLead}</p>
      <div className={css.secret}>
        <code aria-label={words.secret}>{secret.text}</code>
        <Button onClick={() => void copy()}>{copied === true ? words.copied : words.copy}</Button>
      </div>
      {copied === false && <Notice tone="warn">{words.copyFailed}</Notice>}
    </Dialog>
  );
}
