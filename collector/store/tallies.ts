import { sql } from 'kysely';

import type { Alert } from '../../baseline/alert.ts';
import type { RefReader, TallyRow, TallyStore } from '../fatigue/fatigue-store.ts';
import type { HandlingKind, Tally } from '../incident/handling.ts';
import type { StoreContext } from './store-context.ts';
import type { Tx } from './tables.ts';

/** Alerts per image and day: counting a month of alerts each time would read all of them. */
const ROWS_PER_STATEMENT = 500;

export function tallyStore({ db }: Pick<StoreContext, 'db'>): TallyStore & RefReader {
  return {
    alertsByRef: async (ref, limit) => {
      const rows = await db.selectFrom('alerts').select(['document', 'handling'])
        .where('handling_ref', '=', ref).where('handling_ref', '<>', '')
        .orderBy('number', 'desc').limit(limit).execute();
      return rows.map(({ document, handling }) => ({
        alert: JSON.parse(document) as Alert,
        handling: handling as HandlingKind,
      }));
    },
    talliesSince: async (day) => {
      const rows = await db.selectFrom('alert_tallies').selectAll()
        .where('day', '>=', day).where('alerts', '>', 0).execute();
      return rows.map((row): TallyRow =>
        ({ ...row, handling: row.handling as HandlingKind }));
    },
    forgetTallies: async (beforeDay, max) => {
      const result = await sql`
        DELETE FROM alert_tallies WHERE day < ${beforeDay} OR day < (
          SELECT day FROM alert_tallies ORDER BY day DESC LIMIT 1 OFFSET ${max}
        )`.execute(db);
      return Number(result.numAffectedRows ?? 0n);
    },
  };
}

/** In the transaction of the correlation. */
export async function addTallies(tx: Tx, tallies: readonly Tally[]): Promise<void> {
  const sorted = tallies
    .filter(({ change, isAlarm }) => isAlarm && change !== 0)
    .toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  for (let start = 0; start < sorted.length; start += ROWS_PER_STATEMENT) {
    const rows = sorted.slice(start, start + ROWS_PER_STATEMENT)
      .map(({ image, day, handling, change }) => ({ image, day, handling, alerts: change }));
    await tx.insertInto('alert_tallies').values(rows)
      .onConflict((conflict) =>
        conflict.columns(['image', 'day', 'handling']).doUpdateSet({
          alerts: sql<number>`alert_tallies.alerts + excluded.alerts`,
        }))
      .execute();
  }
}

/** All who write them lock them in one order. */
const orderOf = ({ image, day, handling }: Tally): string => JSON.stringify([image, day, handling]);
