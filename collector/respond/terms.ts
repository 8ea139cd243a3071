import type { Policy, PolicyRule } from '../policy/policy.ts';
import { isReversal } from './response.ts';
import type { Containment, ResponseAction, ResponseTerms } from './response.ts';

/** On what terms a rule of the policy acts. */
export function termsOfRule(rule: PolicyRule, policy: Policy): ResponseTerms {
  return {
    graceSeconds: rule.graceSeconds,
    ttlSeconds: rule.ttlSeconds,
    watchSeconds: rule.watchSeconds,
    evidence: rule.evidence,
    fourEyes: rule.fourEyes || policy.fourEyes.includes(rule.action),
    fallback: rule.fallback,
    isAutomatic: rule.mode === 'act',
    acceptsOutage: false,
  };
}

export type PersonTerms = {
  readonly graceSeconds?: number;
  readonly ttlSeconds?: number;
  readonly acceptsOutage?: boolean;
};

/** What a person proposes; a way back has no terms, so that nothing is in its way. */
export function termsOfPerson(
  action: ResponseAction,
  asked: PersonTerms,
  policy: Policy,
): ResponseTerms {
  const { graceSeconds = 0, ttlSeconds = 0, acceptsOutage = false } = asked;
  if (isReversal(action)) return REVERSAL_TERMS;
  return {
    graceSeconds,
    ttlSeconds,
    watchSeconds: policy.watchSeconds,
    evidence: policy.evidence,
    // Who sets a guardrail aside does not do so alone.
    fourEyes: acceptsOutage || policy.fourEyes.includes(action),
    fallback: [],
    isAutomatic: false,
    acceptsOutage,
  };
}

export const REVERSAL_TERMS: ResponseTerms = {
  graceSeconds: 0,
  ttlSeconds: 0,
  watchSeconds: 0,
  evidence: 'none',
  fourEyes: false,
  fallback: [],
  isAutomatic: false,
  acceptsOutage: false,
};

/** The next action of a policy that was not effective, on the terms of the one before. */
export function termsOfNext(
  terms: ResponseTerms,
  action: Containment,
  policy: Policy,
): ResponseTerms {
  const fourEyes = terms.fourEyes || policy.fourEyes.includes(action);
  return {
    ...terms,
    fallback: terms.fallback.slice(1),
    fourEyes,
    isAutomatic: terms.isAutomatic && !fourEyes,
    acceptsOutage: false,
  };
}
