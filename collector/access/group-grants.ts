import type { Grant, Role } from './principal.ts';

/** What the provider's groups may do here, as the configuration says. */
export type GroupGrant = {
  readonly group: string;
  readonly role: Role;
  /** Empty for all. */
  readonly namespaces: readonly string[];
};

/** A token with more groups than this is cut there; providers send hundreds to busy people. */
const GROUPS_READ_MAX = 1_000;

export class GroupGrants {
  readonly #grants: ReadonlyMap<string, readonly Grant[]>;

  constructor(mapping: readonly GroupGrant[]) {
    const grants = new Map<string, Grant[]>();
    for (const { group, role, namespaces } of mapping) {
      const known = grants.get(group) ?? [];
      known.push({ role, namespaces: namespaces.length === 0 ? 'all' : namespaces });
      grants.set(group, known);
    }
    this.#grants = grants;
  }

  /** Those of a claim that mean something here; a claim may be a list, or one name alone. */
  mapped(claim: unknown): readonly string[] {
    const groups: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
    const known = groups.slice(0, GROUPS_READ_MAX)
      .filter((group): group is string => typeof group === 'string' && this.#grants.has(group));
    return [...new Set(known)].toSorted();
  }

  grantsOf(groups: readonly string[]): readonly Grant[] {
    return groups.flatMap((group) => this.#grants.get(group) ?? []);
  }
}
