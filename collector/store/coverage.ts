import { sql } from 'kysely';

import type { ProfileState } from '../../baseline/alert.ts';
import type { CoveragePoint, CoverageStore } from '../fatigue/fatigue-store.ts';
import type { StoreContext } from './store-context.ts';

/** How far profiles were learned, over time. */
const ROWS_PER_STATEMENT = 500;
const LOOKED_BACK_MS = 7 * 86_400_000;

type Row = {
  readonly profile_key: string;
  readonly at: number;
  readonly coverage: number;
  readonly observations: number;
  readonly pods: number;
  readonly state: string;
};

const columns = ['profile_key', 'at', 'coverage', 'observations', 'pods', 'state'] as const;

export function coverageStore({ db }: Pick<StoreContext, 'db'>): CoverageStore {
  return {
    addCoverage: async (points) => {
      for (let start = 0; start < points.length; start += ROWS_PER_STATEMENT) {
        const rows = points.slice(start, start + ROWS_PER_STATEMENT).map((point) => ({
          profile_key: point.profileKey,
          at: point.atMs,
          coverage: point.coverage,
          observations: point.observations,
          pods: point.pods,
          state: point.state,
        }));
        await db.insertInto('coverage_points').values(rows).execute();
      }
    },
    newestCoverage: async (limit) => {
      const rows = await db.selectFrom('coverage_points').select(columns)
        .where('number', 'in', (eb) =>
          eb.selectFrom('coverage_points').select(({ fn }) => fn.max('number').as('number'))
            .groupBy('profile_key'))
        .orderBy('number', 'desc').limit(limit).execute();
      return rows.map(recordOf);
    },
    coverageOf: async (profileKey, limit) => {
      const rows = await db.selectFrom('coverage_points').select(columns)
        .where('profile_key', '=', profileKey)
        .orderBy('at', 'desc').orderBy('number', 'desc').limit(limit).execute();
      return rows.map(recordOf).toReversed();
    },
    thinCoverage: async (thinnings, nowMs, max) => {
      let gone = 0;
      for (const { olderThanMs, spanMs } of thinnings) {
        const toMs = nowMs - olderThanMs;
        // What is older was thinned before; whole spans, so that none is thinned by halves.
        const fromMs = Math.floor((toMs - LOOKED_BACK_MS) / spanMs) * spanMs;
        const result = await sql`
          DELETE FROM coverage_points WHERE at >= ${fromMs} AND at < ${toMs} AND number NOT IN (
            SELECT MAX(number) FROM coverage_points WHERE at >= ${fromMs} AND at < ${toMs}
            GROUP BY profile_key, at / ${sql.raw(String(spanMs))}
          )`.execute(db);
        gone += Number(result.numAffectedRows ?? 0n);
      }
      const result = await sql`
        DELETE FROM coverage_points WHERE number <= (
          SELECT number FROM coverage_points ORDER BY number DESC LIMIT 1 OFFSET ${max}
        )`.execute(db);
      return gone + Number(result.numAffectedRows ?? 0n);
    },
  };
}

const recordOf = (row: Row): CoveragePoint => ({
  profileKey: row.profile_key,
  atMs: row.at,
  coverage: row.coverage,
  observations: row.observations,
  pods: row.pods,
  state: row.state as ProfileState,
});
