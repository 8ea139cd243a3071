import { sql } from 'kysely';

import type { DeskStore } from './desk-face.ts';
import type { Response } from '../respond/response.ts';
import { all } from './desk-scan.ts';
import { folded } from './desk-words.ts';
import type { StoreContext } from './store-context.ts';

/** What is few enough, or short enough, to be looked through without an index. */
const RESPONSES_SEARCHED_MAX = 2_000;

export function deskSearchStore(
  { db, dialect }: StoreContext,
): Pick<DeskStore, 'findProfileKeys' | 'findResponses'> {
  return {
    findProfileKeys: async (q, limit) => {
      // The index of the keys is enough for it: no document is read.
      const { rows } = await sql<{ key: string }>`
        SELECT key FROM profiles WHERE ${dialect.contains(sql`lower(key)`, folded(q))}
        ORDER BY key LIMIT ${limit}`.execute(db);
      return rows.map(({ key }) => key);
    },
    findResponses: async ({ scope, q, limit }) => {
      if (scope !== 'all' && scope.length === 0) return [];
      const seen = scope === 'all' ? [] : [sql`namespace IN (${sql.join([...scope])})`];
      const { rows } = await sql<{ document: string }>`
        SELECT document FROM (
          SELECT number, document FROM responses WHERE ${all(seen)}
          ORDER BY number DESC LIMIT ${RESPONSES_SEARCHED_MAX}
        ) AS near WHERE ${dialect.contains(sql`lower(document)`, folded(q))}
        ORDER BY number DESC LIMIT ${limit}`.execute(db);
      return rows.map(({ document }) => JSON.parse(document) as Response);
    },
  };
}
