import type { Response } from './response.ts';

/**
 * Who has approved, and whether that is enough. Asked by the machine, so that no route can forget
 * it. Limit: the collector knows one access token, so a name is what the holder of the token says
 * it is; four eyes then guard against error and haste, and against a token thief only as far as
 * names are watched in the audit. Names compare without case, and the API takes ASCII alone: two
 * letters that look the same are not two people.
 */
const POLICY_ACTOR = 'policy:';
export const COLLECTOR_ACTOR = 'collector';

/** Nobody gave a name. May propose, and approve what one pair of eyes is enough for. */
export const UNNAMED_ACTOR = 'api-token';

export const policyActor = (rule: string): string => `${POLICY_ACTOR}${rule}`;

/** A name that a person may have; the prefixes of the machine's own actors hold a colon. */
export const PERSON_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$';

/** A person as the audit names them: who they say they are, and by which token they said it. */
export const personActor = (name: string | undefined): string =>
  name === undefined ? UNNAMED_ACTOR : `${name}/${UNNAMED_ACTOR}`;

const nameOf = (actor: string): string => actor.replace(`/${UNNAMED_ACTOR}`, '').toLowerCase();

const isPerson = (actor: string): boolean => {
  const name = nameOf(actor);
  return new RegExp(PERSON_PATTERN).test(name) &&
    name !== UNNAMED_ACTOR &&
    name !== COLLECTOR_ACTOR;
};

const same = (left: string, right: string): boolean => nameOf(left) === nameOf(right);

export type ApprovalRefusal = 'not-a-person' | 'same-person';

export type Approval =
  | { readonly ok: true; readonly approvals: readonly string[]; readonly isEnough: boolean }
  | { readonly ok: false; readonly reason: ApprovalRefusal };

export function approve(response: Response, by: string): Approval {
  const approvals = [...response.approvals, by];
  if (!response.terms.fourEyes) return { ok: true, approvals, isEnough: true };
  if (!isPerson(by)) return { ok: false, reason: 'not-a-person' };
  const others = [response.proposedBy, ...response.approvals].filter(isPerson);
  if (others.some((other) => same(other, by))) return { ok: false, reason: 'same-person' };
  return { ok: true, approvals, isEnough: others.length > 0 };
}
