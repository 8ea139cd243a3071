import type { SettingStore } from '../respond/response-store.ts';
import { appendAudit } from './audit.ts';
import { CHANGES_CHANNEL } from './changes.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Tx } from './tables.ts';

export function settingStore(context: StoreContext): SettingStore {
  const { db, dialect, announcer } = context;
  return {
    readSetting: async (name) => {
      const row = await db.selectFrom('settings').select(['revision', 'value'])
        .where('name', '=', name).executeTakeFirst();
      return row === undefined
        ? undefined
        : { value: JSON.parse(row.value) as unknown, revision: row.revision };
    },
    writeSetting: async (name, value, expectedRevision, audit) => {
      const isWritten = await transact(context, async (tx) => {
        const row = { revision: expectedRevision + 1, value: JSON.stringify(value) };
        if (!await write(tx, name, row)) return false;
        await appendAudit(tx, audit);
        await dialect.notify(tx, CHANGES_CHANNEL);
        return true;
      });
      if (isWritten) announcer.announce();
      return isWritten;
    },
  };
}

async function write(
  tx: Tx,
  name: string,
  row: { readonly revision: number; readonly value: string },
): Promise<boolean> {
  if (row.revision === 1) {
    const { numInsertedOrUpdatedRows } = await tx.insertInto('settings').values({ name, ...row })
      .onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows === 1n;
  }
  const { numUpdatedRows } = await tx.updateTable('settings').set(row)
    .where('name', '=', name)
    .where('revision', '=', row.revision - 1)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}
