import type { Grant, Role } from '../../../../collector/access/principal.ts';

/** What the form says as the API takes it; or what is wrong, before it is asked. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const BOOTSTRAP = 'bootstrap';

export type TokenForm = {
  readonly name: string;
  readonly role: Role;
  /** Separated by commas or spaces; empty for all. */
  readonly namespaces: string;
  /** Empty for never. */
  readonly days: string;
};

export type TokenBody = {
  readonly name: string;
  readonly grants: readonly [Pick<Grant, 'role' | 'namespaces'>];
  readonly expiresDays: number | null;
};

export type ReadForm =
  | { readonly ok: true; readonly body: TokenBody }
  | { readonly ok: false; readonly wrong: 'name' | 'name-taken' | 'namespaces' };

export function readTokenForm({ name, role, namespaces, days }: TokenForm): ReadForm {
  if (!NAME.test(name)) return { ok: false, wrong: 'name' };
  if (name === BOOTSTRAP) return { ok: false, wrong: 'name-taken' };
  const names = [...new Set(namespaces.split(/[\s,]+/).filter(Boolean))];
  if (!names.every((one) => NAMESPACE.test(one))) return { ok: false, wrong: 'namespaces' };
  return {
    ok: true,
    body: {
      name,
      grants: [{ role, namespaces: names.length === 0 ? 'all' : names }],
      expiresDays: days === '' ? null : Number(days),
    },
  };
}
