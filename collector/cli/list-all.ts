import type { Client } from './client.ts';
import { itemsOf } from './values.ts';

/** A list over several pages: one page may be short, or empty, and not be the last. */
const PAGES_MAX = 1_000;
const PAGE_MAX = 500;

export async function listAll(
  client: Pick<Client, 'get'>,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  limit: number,
): Promise<readonly unknown[]> {
  const items: unknown[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < PAGES_MAX && items.length < limit; pages += 1) {
    const count = String(Math.min(PAGE_MAX, limit - items.length));
    const reply = await client.get(path, { ...query, limit: count, cursor });
    items.push(...itemsOf(reply));
    const { nextCursor } = reply as { readonly nextCursor?: string | null };
    if (typeof nextCursor !== 'string') break;
    cursor = nextCursor;
  }
  return items;
}
