import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { testDatabase } from '../../test/postgres/database.ts';

/** Where an empty store can be opened, on each of the two databases. */
export type StorePlace = {
  readonly path: string;
  /** With the store closed: faster than another place. */
  readonly empty: () => Promise<void>;
  readonly remove: () => Promise<void>;
};

export const storeKinds = ['SQLite', 'PostgreSQL'] as const;
export type StoreKind = (typeof storeKinds)[number];

export async function storePlace(kind: StoreKind): Promise<StorePlace> {
  if (kind === 'PostgreSQL') {
    const database = await testDatabase();
    const empty = async (): Promise<void> => {
      await database.query('SET client_min_messages = warning; DROP SCHEMA public CASCADE');
      await database.query('CREATE SCHEMA public');
    };
    return { path: database.url, empty, remove: () => database.drop() };
  }
  const folder = mkdtempSync(join(tmpdir(), 'lanner-store-'));
  return {
    path: join(folder, 'collector.db'),
    empty: async () => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
    },
    remove: async () => rmSync(folder, { recursive: true }),
  };
}
