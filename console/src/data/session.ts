import { createContext, useContext } from 'react';

import type { Principal, Role } from '../../../collector/access/principal.ts';
import { mayAnywhere, mayIn } from '../../../collector/access/roles.ts';
import { useWords } from '../words/catalogue.ts';
import { designWords } from '../words/design.ts';
import { roleWords } from '../words/domain.ts';
import { ApiError, callApi, setCsrfToken } from './api.ts';

export type SignInWays = { readonly oidc: boolean; readonly token: boolean };

export type Session = {
  readonly principal: Principal;
  readonly csrfToken: string;
  readonly signIn: SignInWays;
  readonly expiresTime: string | null;
};

export type SessionState =
  | { readonly kind: 'signed-in'; readonly session: Session }
  | { readonly kind: 'signed-out'; readonly signIn: SignInWays };

const PATH = '/api/v1/session';

export async function readSession(signal?: AbortSignal): Promise<SessionState> {
  try {
    const session = await callApi<Session>('GET', PATH, signal === undefined ? {} : { signal });
    setCsrfToken(session.csrfToken);
    return { kind: 'signed-in', session };
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      setCsrfToken('');
      return { kind: 'signed-out', signIn: waysOf(error.details['signIn']) };
    }
    throw error;
  }
}

/** A token, or the code that `npm start` printed. */
export const signIn = (
  credential: { readonly token: string } | { readonly code: string },
): Promise<unknown> => callApi('POST', PATH, { body: credential });

export const signOut = (): Promise<unknown> => callApi('DELETE', PATH);

function waysOf(value: unknown): SignInWays {
  const ways = typeof value === 'object' && value !== null ? value : {};
  return {
    oidc: 'oidc' in ways && ways.oidc === true,
    token: !('token' in ways) || ways.token === true,
  };
}

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('there is no session outside the shell');
  return session;
}

/**
 * Why the one who is signed in may not do this, as a button's `refusal`; undefined when it may.
 * The collector decides; this only says so before the button is pressed.
 */
export function useRefusal(role: Role, namespace?: string): string | undefined {
  const { principal } = useSession();
  const words = useWords(designWords);
  const names = useWords(roleWords);
  const may = namespace === undefined
    ? mayAnywhere(principal, role)
    : mayIn(principal, role, namespace);
  return may ? undefined : words.notAllowed(names[role]);
}
