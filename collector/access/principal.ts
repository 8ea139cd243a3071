/** Who asks. Each role includes those before it; what `approver` leaves out is in `roles.ts`. */
export const roles = ['viewer', 'analyst', 'responder', 'approver', 'admin'] as const;
export type Role = (typeof roles)[number];

export type Grant = {
  readonly role: Role;
  readonly namespaces: readonly string[] | 'all';
};

export type Principal = {
  /** What the audit says: `li.wei@bank.example`, `token:ci`, `client:deployer`. */
  readonly name: string;
  readonly kind: 'person' | 'machine';
  readonly grants: readonly Grant[];
  /**
   * Names under which the same identity may have acted before it had this one. Four eyes count
   * them as one pair.
   */
  readonly alsoKnownAs?: readonly string[];
};

/** Stands on every request that nobody has shown a credential for. */
export const NOBODY: Principal = { name: 'anonymous', kind: 'machine', grants: [] };
