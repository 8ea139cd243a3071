import { roles } from './principal.ts';
import type { Principal, Role } from './principal.ts';

/**
 * What a principal may do where. A role is granted for some namespaces or for all; records outside
 * are treated as if they did not exist.
 */
const rankOf = (role: Role): number => roles.indexOf(role);

const includesRole = (held: Role, needed: Role): boolean => rankOf(held) >= rankOf(needed);

/** The namespaces in which the principal has at least this role; `[]` for none. */
export function scopeOf({ grants }: Principal, role: Role): readonly string[] | 'all' {
  const names = new Set<string>();
  for (const grant of grants) {
    if (!includesRole(grant.role, role)) continue;
    if (grant.namespaces === 'all') return 'all';
    for (const name of grant.namespaces) names.add(name);
  }
  return [...names];
}

export function mayIn(principal: Principal, role: Role, namespace: string): boolean {
  const scope = scopeOf(principal, role);
  return scope === 'all' || scope.includes(namespace);
}

export const mayAnywhere = (principal: Principal, role: Role): boolean =>
  scopeOf(principal, role).length > 0;

export const mayEverywhere = (principal: Principal, role: Role): boolean =>
  scopeOf(principal, role) === 'all';

/**
 * An approver looks at what somebody else proposed. Only an admin may decide alone, and only where
 * the response does not ask for four eyes anyway (`respond/four-eyes.ts`).
 */
export const mayApproveOwn = (principal: Principal, namespace: string): boolean =>
  mayIn(principal, 'admin', namespace);
