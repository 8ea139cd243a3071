import type { ProfileStore } from './faces.ts';
import type { Db } from './tables.ts';

export function profileStore(db: Db): ProfileStore {
  return {
    readProfile: async (key) => {
      const row = await db.selectFrom('profiles').selectAll().where('key', '=', key)
        .executeTakeFirst();
      return row === undefined ? undefined : recordOf(row);
    },
    writeProfile: async (profile) => {
      const row = {
        revision: profile.revision,
        document: profile.document,
        updated_at: profile.updatedAtMs,
      };
      await db.insertInto('profiles').values({ key: profile.key, ...row })
        .onConflict((conflict) =>
          conflict.column('key').doUpdateSet(row)
            .where('profiles.revision', '<', profile.revision))
        .execute();
    },
    countProfiles: async () => {
      const row = await db.selectFrom('profiles')
        .select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirst();
      return row?.count ?? 0;
    },
    listProfiles: async (page) => {
      let query = db.selectFrom('profiles').selectAll().orderBy('key').limit(page.limit);
      if (page.after !== undefined) query = query.where('key', '>', page.after);
      return (await query.execute()).map(recordOf);
    },
  };
}

const recordOf = (row: {
  key: string;
  revision: number;
  document: Uint8Array;
  updated_at: number;
}) => ({
  key: row.key,
  revision: row.revision,
  document: row.document,
  updatedAtMs: row.updated_at,
});
