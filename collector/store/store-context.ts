import type { Clock } from '../clock.ts';
import type { Announcer } from './announcer.ts';
import type { Dialect } from './dialect.ts';
import type { Db, Tx } from './tables.ts';

/** What every part of the store works with. */
export type StoreContext = {
  readonly db: Db;
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly announcer: Announcer;
};

const TRIES_MAX = 4;

/**
 * SQLite answers at once. Without a turn of the event loop between two transactions, whoever has
 * more to write would be all that the process does: acknowledgements would wait in their sockets
 * for seconds, and heartbeats and leases with them.
 */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One transaction, begun again when it lost a race against another replica's. */
export async function transact<T>(
  { db, dialect }: Pick<StoreContext, 'db' | 'dialect'>,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    await turn();
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (tries >= TRIES_MAX || !dialect.isRaceError(error)) throw error;
    }
  }
}
