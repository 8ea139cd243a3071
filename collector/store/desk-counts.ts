import { sql } from 'kysely';

import { severities } from '../../baseline/alert.ts';
import type { CountQuery, CountRow, DeskStore } from './desk-face.ts';
import { narrowed } from './desk-alerts.ts';
import { all } from './desk-scan.ts';
import type { Condition } from './desk-scan.ts';
import type { StoreContext } from './store-context.ts';

/**
 * How many alerts when: one index has the time, the severity, the namespace and the image, and is
 * read in `SLICES` statements, so that a month of alerts does not hold up the agents.
 */
const SLICES = 24;
const ROWS_PER_SLICE_MAX = 20_000;

export function deskCountStore(context: StoreContext): Pick<DeskStore, 'countAlerts'> {
  return {
    countAlerts: async (query) => {
      const { fromMs, toMs, bucketMs } = query;
      const within = narrowed(query.scope, query.namespace);
      if (within !== 'all' && within.length === 0) return [];
      const buckets = Math.ceil((toMs - fromMs) / bucketMs);
      const sliceMs = Math.ceil(buckets / SLICES) * bucketMs;
      const rows: CountRow[] = [];
      for (let start = fromMs; start < toMs; start += sliceMs) {
        const end = Math.min(start + sliceMs, toMs);
        rows.push(...await countSlice(context, { ...query, scope: within }, { start, end }));
        await new Promise((resolve) => setImmediate(resolve));
      }
      return rows;
    },
  };
}

const KEYS = {
  severity: 'severity',
  namespace: 'namespace',
  image: 'image',
  technique: 'techniques',
} as const;

type Slice = { readonly start: number; readonly end: number };

async function countSlice(
  { db }: StoreContext,
  { scope, bucketMs, by, severityMin, image }: CountQuery,
  { start, end }: Slice,
): Promise<readonly CountRow[]> {
  const conditions: Condition[] = [
    sql`received_at >= ${start}`,
    sql`received_at < ${end}`,
    ...scope === 'all' ? [] : [sql`namespace IN (${sql.join([...scope])})`],
    ...severityMin === undefined ? [] : [sql`severity >= ${severities.indexOf(severityMin)}`],
    ...image === undefined ? [] : [sql`image = ${image}`],
  ];
  const key = by === undefined ? sql`''` : sql.ref(KEYS[by]);
  // Numbers in the text: as parameters SQLite takes them for fractions.
  const at = sql`received_at - received_at % ${sql.lit(bucketMs)}`;
  const { rows } = await sql<{ at: number; key: string | number; count: number }>`
    SELECT ${at} AS at, ${key} AS key, count(*) AS count FROM alerts
    WHERE ${all(conditions)} GROUP BY 1, 2 ORDER BY 3 DESC LIMIT ${ROWS_PER_SLICE_MAX}`
    .execute(db);
  return rows.flatMap((row) =>
    keysOf(by, row.key).map((one) => ({ atMs: row.at, key: one, count: row.count })));
}

function keysOf(by: CountQuery['by'], key: string | number): readonly string[] {
  if (by === 'severity') return [severities[Number(key)] ?? ''];
  if (by !== 'technique') return [String(key)];
  return String(key).split(',').filter((one) => one !== '');
}
