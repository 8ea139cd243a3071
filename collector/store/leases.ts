import { sql } from 'kysely';

import { StoreFailure } from './faces.ts';
import type { Lease, Leases } from './faces.ts';
import type { StoreContext } from './store-context.ts';
import type { Tx } from './tables.ts';

export function leaseStore({ db, dialect }: StoreContext): Leases {
  return {
    acquire: async (name, holder, ttlMs) => {
      const { nowMs } = dialect;
      const expires = { expires_at: sql<number>`${nowMs} + ${ttlMs}` };
      const { numInsertedOrUpdatedRows } = await db.insertInto('leases')
        .values({ name, holder, ...expires })
        .onConflict((conflict) =>
          conflict.column('name').doUpdateSet({ holder, ...expires })
            .where((eb) =>
              eb.or([
                eb('leases.holder', '=', holder),
                eb('leases.expires_at', '<=', nowMs),
              ])))
        .executeTakeFirstOrThrow();
      return (numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    release: async (name, holder) => {
      await db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder)
        .execute();
    },
  };
}

/**
 * The fence: a holder that slept through its lease must not write over its successor. The row is
 * touched, and so stays locked to the end of the transaction: nobody takes the lease in between.
 */
export async function holdLease(tx: Tx, lease: Lease): Promise<void> {
  const { numUpdatedRows } = await tx.updateTable('leases').set({ holder: lease.holder })
    .where('name', '=', lease.name)
    .where('holder', '=', lease.holder)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) {
    throw new StoreFailure('lease-lost', `another replica has the lease ${lease.name}`);
  }
}
