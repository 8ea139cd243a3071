import { DECISIONS_MAX } from '../../baseline/profile/decisions.ts';
import { appendAudit } from './audit.ts';
import { readCounter, takeNumbers } from './counters.ts';
import { StoreFailure } from './faces.ts';
import type { Decision, DecisionStore } from './faces.ts';
import { CHANGES_CHANNEL } from './changes.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Tx } from './tables.ts';

/**
 * Those in force are bounded by who decides (`DECISIONS_MAX`); undone ones stay to be seen until
 * there are this many, and then the oldest of them go. The audit keeps every one.
 */
const DECISIONS_STORED_MAX = 4 * DECISIONS_MAX;

export function decisionStore(context: StoreContext): DecisionStore {
  const { db, dialect, announcer } = context;
  return {
    listDecisions: async () => {
      const rows = await db.selectFrom('decisions').select('document').orderBy('number')
        .limit(DECISIONS_STORED_MAX).execute();
      return rows.map(({ document }) => JSON.parse(document) as Decision);
    },
    putDecision: async (decision, audit) => {
      await transact(context, async (tx) => {
        const row = {
          undone: decision.undoneAt === undefined ? 0 : 1,
          document: JSON.stringify(decision),
        };
        await tx.insertInto('decisions').values({ id: decision.id, ...row })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
          .execute();
        await appendAudit(tx, audit);
        // Its lock lets one replica count at a time.
        await takeNumbers(tx, 'decisions', 1);
        await keepBound(tx);
        await dialect.notify(tx, CHANGES_CHANNEL);
      });
      announcer.announce();
    },
    decisionsRevision: () => readCounter(db, 'decisions'),
  };
}

async function keepBound(tx: Tx): Promise<void> {
  const { count } = await tx.selectFrom('decisions')
    .select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  const excess = count - DECISIONS_STORED_MAX;
  if (excess <= 0) return;
  const oldest = await tx.selectFrom('decisions').select('number')
    .where('undone', '=', 1).orderBy('number').limit(excess).execute();
  if (oldest.length < excess) {
    throw new StoreFailure('store-full', `${DECISIONS_STORED_MAX} decisions are in force`);
  }
  await tx.deleteFrom('decisions').where('number', 'in', oldest.map(({ number }) => number))
    .execute();
}
