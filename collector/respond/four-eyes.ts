import type { Response } from './response.ts';

/**
 * Who has approved, and whether that is enough. Asked by the machine, so that no route can forget
 * it. Four eyes are two named principals: people by the name that their provider vouches for, or
 * tokens by the name that an admin gave them (`token:ann`, the first one `token:bootstrap`). A
 * token counts like a person, because a site without a provider has nothing else; whoever may make
 * tokens can hold two, and the audit shows that they were made. Names compare without case and are
 * ASCII alone: two letters that look the same are not two people.
 */
const POLICY_ACTOR = 'policy:';
export const COLLECTOR_ACTOR = 'collector';

export const policyActor = (rule: string): string => `${POLICY_ACTOR}${rule}`;

/** What older versions wrote when nobody gave a name: still in the store, and nobody. */
const UNNAMED_ACTOR = 'api-token';

/** The machine's own actors (`policy:rule`, `collector`) are none of these. */
const NAMED = /^(?:(?:token|client):)?[a-z0-9][a-z0-9._@+-]{0,127}$/;

const nameOf = (actor: string): string => actor.toLowerCase();

const isNamed = (actor: string): boolean =>
  NAMED.test(nameOf(actor)) && ![COLLECTOR_ACTOR, UNNAMED_ACTOR].includes(nameOf(actor));

export type ApprovalRefusal = 'not-a-person' | 'same-person';

export type Approval =
  | { readonly ok: true; readonly approvals: readonly string[]; readonly isEnough: boolean }
  | { readonly ok: false; readonly reason: ApprovalRefusal };

export function approve(response: Response, by: string): Approval {
  const approvals = [...response.approvals, by];
  if (!response.terms.fourEyes) return { ok: true, approvals, isEnough: true };
  if (!isNamed(by)) return { ok: false, reason: 'not-a-person' };
  const others = [response.proposedBy, ...response.approvals].filter(isNamed);
  if (others.some((other) => nameOf(other) === nameOf(by))) {
    return { ok: false, reason: 'same-person' };
  }
  return { ok: true, approvals, isEnough: others.length > 0 };
}
