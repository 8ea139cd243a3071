import { sql } from 'kysely';

import type { CoolDownStore } from '../fatigue/fatigue-store.ts';
import type { CoolDown } from '../incident/handling.ts';
import type { StoreContext } from './store-context.ts';
import type { Tx } from './tables.ts';

const ROWS_PER_STATEMENT = 500;

export function coolDownStore({ db }: Pick<StoreContext, 'db'>): CoolDownStore {
  return {
    coolDownsOf: async (keys) => {
      const found: CoolDown[] = [];
      for (let start = 0; start < keys.length; start += ROWS_PER_STATEMENT) {
        const rows = await db.selectFrom('cool_downs').selectAll()
          .where('key', 'in', keys.slice(start, start + ROWS_PER_STATEMENT)).execute();
        for (const row of rows) {
          found.push({
            key: row.key,
            alertId: row.alert_id,
            incidentId: row.incident_id,
            raisedAtMs: row.raised_at,
            untilMs: row.until_at,
            step: row.step,
            lastSeenMs: row.last_seen,
            eventCount: row.event_count,
          });
        }
      }
      return found;
    },
    forgetCoolDowns: async (beforeMs, max) => {
      const result = await sql`
        DELETE FROM cool_downs WHERE last_seen < ${beforeMs} OR last_seen < (
          SELECT last_seen FROM cool_downs ORDER BY last_seen DESC LIMIT 1 OFFSET ${max}
        )`.execute(db);
      return Number(result.numAffectedRows ?? 0n);
    },
  };
}

/** In the transaction of the correlation. */
export async function saveCoolDowns(tx: Tx, coolDowns: readonly CoolDown[]): Promise<void> {
  const sorted = coolDowns.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  for (let start = 0; start < sorted.length; start += ROWS_PER_STATEMENT) {
    await tx.insertInto('cool_downs')
      .values(sorted.slice(start, start + ROWS_PER_STATEMENT).map(rowOf))
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet((eb) => ({
          alert_id: eb.ref('excluded.alert_id'),
          incident_id: eb.ref('excluded.incident_id'),
          raised_at: eb.ref('excluded.raised_at'),
          until_at: eb.ref('excluded.until_at'),
          step: eb.ref('excluded.step'),
          last_seen: eb.ref('excluded.last_seen'),
          event_count: eb.ref('excluded.event_count'),
        })))
      .execute();
  }
}

const rowOf = (one: CoolDown) => ({
  key: one.key,
  alert_id: one.alertId,
  incident_id: one.incidentId,
  raised_at: one.raisedAtMs,
  until_at: one.untilMs,
  step: one.step,
  last_seen: one.lastSeenMs,
  event_count: one.eventCount,
});
