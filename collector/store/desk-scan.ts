import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';

import type { Found } from './desk-face.ts';
import type { Db } from './tables.ts';

/**
 * Lists that may look for something rare. One condition, which an index answers in the order of the
 * list, says where to look (`near`); the others (`rest`) are checked row by row, at most
 * `ROWS_PER_SCAN` in one statement and `SCANS_PER_PAGE` statements for one page, with a turn of the
 * event loop in between: SQLite answers in this very thread, and agents must not wait for a search.
 * A page that reached its bound says where to go on, so that nothing is skipped.
 */
export const ROWS_PER_SCAN = 10_000;
export const SCANS_PER_PAGE = 4;

export type Condition = RawBuilder<unknown>;

export type Scan = {
  readonly table: 'alerts' | 'incident_desk' | 'audit';
  /** Columns that `rest` is about, and what the caller wants of a row. */
  readonly columns: readonly string[];
  readonly near: readonly Condition[];
  readonly rest: readonly Condition[];
};

export type Numbered = { readonly number: number };

export async function scan<Row extends Numbered>(
  db: Db,
  { table, columns, near, rest }: Scan,
  page: { readonly before?: number; readonly limit: number; readonly scansMax?: number },
): Promise<Found<Row>> {
  // What arrives while this goes on must not move the place where one statement took over.
  let before = page.before ?? await newest(db, table) + 1;
  const rows: Row[] = [];
  const { limit, scansMax = SCANS_PER_PAGE } = page;
  for (let scans = 0; scans < scansMax; scans += 1) {
    if (scans > 0) await new Promise((resolve) => setImmediate(resolve));
    const where = all([...near, sql`number < ${before}`]);
    const found = await sql<Row>`
      SELECT * FROM (
        SELECT ${sql.join(['number', ...columns].map((column) => sql.ref(column)))}
        FROM ${sql.table(table)} WHERE ${where} ORDER BY number DESC LIMIT ${ROWS_PER_SCAN}
      ) AS near WHERE ${all(rest)} ORDER BY number DESC LIMIT ${limit - rows.length}`.execute(db);
    rows.push(...found.rows);
    const last = rows.at(-1);
    if (last !== undefined && rows.length >= limit) return { rows, next: last.number };
    const end = await sql<Numbered>`
      SELECT number FROM ${sql.table(table)} WHERE ${where}
      ORDER BY number DESC LIMIT 1 OFFSET ${ROWS_PER_SCAN - 1}`.execute(db);
    const [lowest] = end.rows;
    if (lowest === undefined) return { rows };
    before = lowest.number;
  }
  return { rows, next: before };
}

export const all = (conditions: readonly Condition[]): Condition =>
  conditions.length === 0 ? sql`1 = 1` : sql.join([...conditions], sql` AND `);

async function newest(db: Db, table: Scan['table']): Promise<number> {
  const { rows } = await sql<Numbered>`
    SELECT number FROM ${sql.table(table)} ORDER BY number DESC LIMIT 1`.execute(db);
  return rows[0]?.number ?? 0;
}
