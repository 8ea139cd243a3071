import type { Role } from '../access/principal.ts';
import type { TestCollector } from './start.ts';

type Api = Pick<TestCollector, 'addresses' | 'token'>;

/** What a program with the first admin token sends. */
export const authorized = ({ token }: Pick<TestCollector, 'token'>): Record<string, string> =>
  ({ authorization: `Bearer ${token}` });

/** As `authorized`, for a new token of that name; the audit calls its holder `token:<name>`. */
export async function asSomebody(
  collector: Api,
  name: string,
  role: Role,
  namespaces: readonly string[] | 'all' = 'all',
): Promise<Record<string, string>> {
  const response = await fetch(`${collector.addresses.api}/api/v1/tokens`, {
    method: 'POST',
    headers: { ...authorized(collector), 'content-type': 'application/json' },
    body: JSON.stringify({ name, grants: [{ role, namespaces }] }),
  });
  const { text } = await response.json() as { readonly text?: string };
  if (text === undefined) throw new Error(`no token for ${name}: ${response.status}`);
  return { authorization: `Bearer ${text}` };
}
