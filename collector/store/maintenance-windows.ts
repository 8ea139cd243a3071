import type { FatigueRulesStore, Put } from '../fatigue/fatigue-store.ts';
import type { MaintenanceWindow } from '../fatigue/maintenance.ts';
import { appendAudit } from './audit.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import { changeFatigue, ended, forgetEnded } from './suppressions.ts';

type WindowStore =
  Pick<FatigueRulesStore, 'listWindows' | 'readWindow' | 'addWindow' | 'endWindow'>;

export function maintenanceWindowStore(context: StoreContext): WindowStore {
  const { db, announcer } = context;
  return {
    listWindows: async ({ endedSinceMs, limit }) => {
      const rows = await db.selectFrom('maintenance_windows').select('document')
        .where((eb) => eb.or([eb('is_ended', '=', 0), eb('ends_at', '>=', endedSinceMs)]))
        .orderBy('number', 'desc').limit(limit).execute();
      return rows.map(({ document }) => JSON.parse(document) as MaintenanceWindow);
    },
    readWindow: async (id) => {
      const row = await db.selectFrom('maintenance_windows').select('document')
        .where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : JSON.parse(row.document) as MaintenanceWindow;
    },
    addWindow: async (window, max, audit) => {
      const put = await transact(context, async (tx): Promise<Put> => {
        // Before it is counted: its lock lets one replica count at a time.
        await changeFatigue(context, tx);
        const { count } = await tx.selectFrom('maintenance_windows')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('is_ended', '=', 0).executeTakeFirstOrThrow();
        if (count >= max) return { ok: false, reason: 'full' };
        const { numInsertedOrUpdatedRows } = await tx.insertInto('maintenance_windows')
          .values({ id: window.id, ...rowOf(window) })
          .onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows !== 1n) return { ok: false, reason: 'exists' };
        await forgetEnded(tx, 'maintenance_windows');
        await appendAudit(tx, audit);
        return { ok: true };
      });
      announcer.announce();
      return put;
    },
    endWindow: async (window, audit) => {
      const put = await transact(context, async (tx) => {
        const { numUpdatedRows } = await tx.updateTable('maintenance_windows').set(rowOf(window))
          .where('id', '=', window.id).where('is_ended', '=', 0).executeTakeFirstOrThrow();
        return ended(context, tx, numUpdatedRows, audit);
      });
      announcer.announce();
      return put;
    },
  };
}

const rowOf = (window: MaintenanceWindow) => ({
  ends_at: Date.parse(window.ended?.time ?? window.toTime),
  is_ended: window.ended === null ? 0 : 1,
  document: JSON.stringify(window),
});
