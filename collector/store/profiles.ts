import type { ProfileStore } from './faces.ts';
import type { StoreContext } from './store-context.ts';

export function profileStore({ db }: StoreContext): ProfileStore {
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
      const { numInsertedOrUpdatedRows } = await db.insertInto('profiles')
        .values({ key: profile.key, ...row })
        .onConflict((conflict) =>
          conflict.column('key').doUpdateSet(row)
            .where('profiles.revision', '<', profile.revision))
        .executeTakeFirstOrThrow();
      return (numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    profileRevisions: async (keys) => {
      if (keys.length === 0) return new Map();
      const rows = await db.selectFrom('profiles').select(['key', 'revision'])
        .where('key', 'in', keys).execute();
      return new Map(rows.map(({ key, revision }) => [key, revision]));
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
