import type { Claims } from './oidc-provider.ts';

/**
 * By what name somebody acts. The provider's subject never changes and cannot be chosen; the name
 * that people read can, in some providers by the person. So the first name that a subject came
 * with is kept (`AccessStore.nameOfSubject`), and no two subjects have the same: otherwise a change
 * of the display name would make one pair of eyes two.
 */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/;
/** What the audit calls the collector itself, or nobody. */
const RESERVED = new Set(['collector', 'anonymous', 'api-token', 'bootstrap']);

export const subjectOf = (issuer: string, sub: string): string => JSON.stringify([issuer, sub]);

/** ASCII alone: two letters that look the same are not two people. Undefined: no name fits. */
export function nameOf(claims: Claims, nameClaim: string): string | undefined {
  const wished = [claims[nameClaim], verifiedEmail(claims), claims.sub];
  return wished.find((name): name is string =>
    typeof name === 'string' && NAME.test(name) && !RESERVED.has(name.toLowerCase()));
}

const verifiedEmail = (claims: Claims): unknown =>
  claims['email_verified'] === false ? undefined : claims['email'];
