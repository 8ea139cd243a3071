import { QueryClientProvider, useQuery, useQueryClient } from '@tanstack/react-query';
import { Suspense, useEffect, useMemo, useState } from 'react';
import type { ReactNode } from 'react';
import { Redirect, Route, Switch } from 'wouter';

import { whenSignedOut } from '../data/api.ts';
import { keepPreferences, readPreferences } from '../data/preferences.ts';
import type { Preferences } from '../data/preferences.ts';
import { makeQueryClient } from '../data/queries.ts';
import { SessionContext, readSession, signOut } from '../data/session.ts';
import type { Session } from '../data/session.ts';
import { ErrorState, Loading } from '../design/states.tsx';
import { NowContext, useTicking } from '../design/time.tsx';
import { SignInPage } from '../pages/sign-in/sign-in-page.tsx';
import { LOCALES, LanguageContext } from '../words/language.ts';
import { Failure } from './failure.tsx';
import { LiveData } from './live-data.tsx';
import { NotFoundPage } from './not-found-page.tsx';
import { PreferencesContext } from './preferences-context.ts';
import { places } from './routes.tsx';
import { Shell } from './shell.tsx';

/** Everything around the pages: preferences, who is signed in, the stream, the frame. */
export function App(): ReactNode {
  const [preferences, setPreferences] = useState<Preferences>(() =>
    readPreferences(localStorage, navigator.languages));
  const [client] = useState(makeQueryClient);
  const now = useTicking();
  useEffect(() => {
    const { documentElement } = document;
    documentElement.lang = LOCALES[preferences.language];
    if (preferences.theme === 'system') delete documentElement.dataset['theme'];
    else documentElement.dataset['theme'] = preferences.theme;
  }, [preferences]);
  const context = useMemo(() => ({
    preferences,
    change: (over: Partial<Preferences>) => {
      const changed = { ...preferences, ...over };
      keepPreferences(localStorage, changed);
      setPreferences(changed);
    },
  }), [preferences]);
  return (
    <PreferencesContext value={context}>
      <LanguageContext value={preferences.language}>
        <NowContext value={now}>
          <QueryClientProvider client={client}>
            <Failure><Door /></Failure>
          </QueryClientProvider>
        </NowContext>
      </LanguageContext>
    </PreferencesContext>
  );
}

const SESSION_KEY = ['session'] as const;

function Door(): ReactNode {
  const client = useQueryClient();
  const asked = useQuery({
    queryKey: SESSION_KEY,
    queryFn: ({ signal }) => readSession(signal),
    staleTime: Infinity,
  });
  useEffect(() => {
    whenSignedOut(() => {
      const state = client.getQueryData<{ readonly kind: string }>(SESSION_KEY);
      if (state?.kind === 'signed-in') void client.invalidateQueries({ queryKey: SESSION_KEY });
    });
  }, [client]);
  const enter = (): void => void client.invalidateQueries();
  const leave = (): void => {
    // Signed out here even where the collector cannot be told.
    void signOut().catch(() => undefined).finally(() => {
      client.clear();
      window.location.assign('/');
    });
  };
  if (asked.isPending) return <Loading />;
  if (asked.isError) {
    return <ErrorState error={asked.error} onRetry={() => void asked.refetch()} />;
  }
  const state = asked.data;
  if (state.kind === 'signed-out') return <SignInPage ways={state.signIn} onSignedIn={enter} />;
  return <Inside session={state.session} onSignOut={leave} />;
}

function Inside(
  { session, onSignOut }: { readonly session: Session; readonly onSignOut: () => void },
): ReactNode {
  return (
    <SessionContext value={session}>
      <LiveData>
        <Shell onSignOut={onSignOut}>
          <Failure>
            <Suspense fallback={<Loading />}><Pages /></Suspense>
          </Failure>
        </Shell>
      </LiveData>
    </SessionContext>
  );
}

function Pages(): ReactNode {
  return (
    <Switch>
      {['/', '/sign-in'].map((path) => (
        <Route key={path} path={path}><Redirect to="/live" replace /></Route>
      ))}
      {places.flatMap(({ pages }) => pages).map(({ path, page }) => (
        <Route key={path} path={path} component={page} />
      ))}
      <Route><NotFoundPage /></Route>
    </Switch>
  );
}
