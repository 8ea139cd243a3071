import type { RefusalReason } from '../access/refusals.ts';
import { Refused } from './errors.ts';

/** What somebody who was not let in is told: enough to do the right thing next. */
type Answer = readonly [status: number, words: string];

const answers: Partial<Readonly<Record<RefusalReason, Answer>>> = {
  'no-token': [401, 'sign in, or send an access token'],
  'wrong-token': [401, 'the access token is not valid'],
  'token-expired': [401, 'the access token has expired'],
  'token-revoked': [401, 'the access token was revoked'],
  'ambiguous-credential': [401, 'the session cookie came more than once'],
  'no-session': [401, 'the session is over: sign in again'],
  csrf: [403, 'the CSRF token of the session is missing or not its own'],
  'wrong-code': [401, 'the sign-in code is not valid, was used, or has expired'],
  'jwt-off': [401, 'tokens of an identity provider are not accepted here'],
  'jwt-invalid': [401, 'the identity provider’s token is not valid here'],
  'jwt-expired': [401, 'the identity provider’s token has expired'],
  'jwt-no-grant': [403, 'no group of this token has a role here'],
  'provider-unavailable': [503, 'the identity provider cannot be reached: try again shortly'],
  'oidc-off': [404, 'no identity provider is configured (api.oidc)'],
  'oidc-state': [400, 'this is not the sign-in that was begun here: begin again'],
  'oidc-invalid': [400, 'the identity provider’s answer is not valid: begin again'],
  'oidc-denied': [403, 'the identity provider did not let you in'],
  'no-grant': [403, 'none of your groups has a role here: ask an admin of Lanner'],
  'name-taken': [403, 'somebody else has your name here: ask an admin of Lanner'],
  'slow-down': [429, 'too many wrong credentials: try again in a minute'],
  'too-many-sessions': [503, 'too many sessions are open'],
};

export function refusedBy(reason: RefusalReason): Refused {
  const [status, words] = answers[reason] ?? [403, 'this is refused'];
  return new Refused(status, reason, words);
}
