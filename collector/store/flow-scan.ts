import { sql } from 'kysely';

import type { FlowFilter, FlowRow, FlowStore } from '../flows/flow-store.ts';
import { all } from './desk-scan.ts';
import type { Condition } from './desk-scan.ts';
import { partTable, placeIn, placeOf } from './flow-parts.ts';
import type { Part } from './flow-parts.ts';
import { flowColumns, flowJoins, flowOf } from './flow-rows.ts';
import type { StoredFlow } from './flow-rows.ts';
import { MINUTE_MS } from './flow-writer.ts';
import type { Db } from './tables.ts';

/**
 * The list of flows, newest first, bounded by rows looked at like the lists of the desk
 * (`desk-scan.ts`): parts from the newest on, in each from the newest row, and a cursor that says
 * where looking stopped.
 */
const ROWS_PER_SCAN = 10_000;
const SCANS_PER_PAGE = 4;

type Page = Parameters<FlowStore['listFlows']>[1];

export async function scanFlows(
  db: Db,
  filter: FlowFilter,
  { before, limit }: Page,
): ReturnType<FlowStore['listFlows']> {
  if (filter.scope !== 'all' && filter.scope.length === 0) return { rows: [] };
  const rest = restOf(filter);
  const rows: FlowRow[] = [];
  let scans = 0;
  for (const part of await partsFor(db, filter, before)) {
    let below = placeNumber(part, before);
    while (below > 1) {
      if (scans >= SCANS_PER_PAGE) return { rows, next: placeOf(part.number, below) };
      if (scans > 0) await new Promise((resolve) => setImmediate(resolve));
      scans += 1;
      const found = await sql<StoredFlow>`
        SELECT ${flowColumns} FROM (
          SELECT * FROM ${partTable(part.number)} WHERE number < ${below}
          ORDER BY number DESC LIMIT ${ROWS_PER_SCAN}
        ) AS f ${flowJoins} WHERE ${all(rest)}
        ORDER BY f.number DESC LIMIT ${limit - rows.length}`.execute(db);
      rows.push(...found.rows.map((row) => flowOf(part.number, row)));
      const last = found.rows.at(-1);
      if (last !== undefined && rows.length >= limit) {
        return { rows, next: placeOf(part.number, last.number) };
      }
      below = await lowestOf(db, part, below);
    }
  }
  return { rows };
}

/** Beyond every row of the part, where the cursor is in a newer one. */
const NUMBER_MAX = 99_999_999;

function placeNumber(part: Part, before: number | undefined): number {
  if (before === undefined) return NUMBER_MAX;
  const place = placeIn(before);
  return place.part === part.number ? place.number : NUMBER_MAX;
}

async function lowestOf(db: Db, part: Part, below: number): Promise<number> {
  const { rows } = await sql<{ number: number }>`
    SELECT number FROM ${partTable(part.number)} WHERE number < ${below}
    ORDER BY number DESC LIMIT 1 OFFSET ${ROWS_PER_SCAN - 1}`.execute(db);
  return rows[0]?.number ?? 0;
}

async function partsFor(
  db: Db,
  { fromMs, toMs }: FlowFilter,
  before: number | undefined,
): Promise<readonly Part[]> {
  let query = db.selectFrom('flow_parts').selectAll().where('flows', '>', 0)
    .orderBy('number', 'desc');
  if (before !== undefined) query = query.where('number', '<=', placeIn(before).part);
  if (fromMs !== undefined) query = query.where('last_minute', '>=', minuteOf(fromMs));
  if (toMs !== undefined) query = query.where('first_minute', '<=', minuteOf(toMs));
  return await query.execute();
}

const minuteOf = (ms: number): number => Math.floor(ms / MINUTE_MS);

function restOf(filter: FlowFilter): readonly Condition[] {
  const { scope, fromMs, toMs } = filter;
  const equal: readonly (readonly [Condition, string | number | undefined])[] = [
    [sql`n.cluster`, filter.cluster],
    [sql`n.node`, filter.node],
    [sql`a.namespace`, filter.namespace],
    [sql`a.workload`, filter.workload],
    [sql`a.pod`, filter.pod],
    [sql`p.direction`, filter.direction],
    [sql`p.address`, filter.address],
    [sql`p.port`, filter.port],
  ];
  return [
    ...equal.flatMap(([column, value]) =>
      value === undefined ? [] : [sql`${column} = ${value}`]),
    ...scope === 'all' ? [] : [sql`a.namespace IN (${sql.join([...scope])})`],
    ...fromMs === undefined ? [] : [sql`f.minute >= ${minuteOf(fromMs)}`],
    ...toMs === undefined ? [] : [sql`f.minute <= ${minuteOf(toMs)}`],
  ];
}
