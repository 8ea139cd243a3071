import { useEffect, useState } from 'react';
import type { FormEvent, ReactNode } from 'react';

import { PreferenceFields } from '../../app/preference-fields.tsx';
import { signIn } from '../../data/session.ts';
import type { SignInWays } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { TextField } from '../../design/field.tsx';
import { ErrorText, Notice } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { signInWords } from '../../words/sign-in.ts';
import { codeIn, credentialOf } from './credential.ts';
import css from './sign-in.module.css';

export function SignInPage(
  { ways, onSignedIn }: { readonly ways: SignInWays; readonly onSignedIn: () => void },
): ReactNode {
  const words = useWords(signInWords);
  const [text, setText] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const enter = (credential: Parameters<typeof signIn>[0]): void => {
    setBusy(true);
    setError(undefined);
    signIn(credential).then(onSignedIn, (failed: unknown) => {
      setError(failed);
      setBusy(false);
    });
  };
  useEffect(() => {
    document.title = `${words.title} · Lanner`;
  }, [words]);
  useEffect(() => {
    const code = codeIn(window.location.hash);
    if (code === undefined) return;
    // Away from the address bar and the history before it is used.
    window.history.replaceState(null, '', window.location.pathname);
    enter({ code });
  }, []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() !== '') enter(credentialOf(text.trim()));
  };
  return (
    <main className={css.page}>
      <div className={css.card}>
        <div className={css.mark}>
          <img src="/mark.svg" alt="" width="34" height="34" />
          <div>
            <h1>Lanner</h1>
            <p>{words.lead}</p>
          </div>
        </div>
        {ways.oidc && <a className={css.oidc} href="/auth/login">{words.withOidc}</a>}
        {ways.oidc && ways.token && <p className={css.or}>{words.or}</p>}
        {ways.token && (
          <form className={css.form} onSubmit={submit}>
            <TextField
              label={words.token}
              hint={words.tokenHint}
              type="password"
              name="token"
              autoComplete="current-password"
              value={text}
              onChange={setText}
            />
            <Button type="submit" look={ways.oidc ? 'plain' : 'main'} disabled={isBusy}>
              {words.submit}
            </Button>
          </form>
        )}
        {!ways.oidc && !ways.token && <p>{words.noWay}</p>}
        {error !== undefined && <Notice tone="bad"><ErrorText error={error} /></Notice>}
        <PreferenceFields />
      </div>
    </main>
  );
}
