import { Kysely, SqliteDialect, sql } from 'kysely';

import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { agentStore } from './agents.ts';
import { alertStore } from './alerts.ts';
import { auditStore } from './audit.ts';
import { batchStore } from './batches.ts';
import { changeStore, createAnnouncer } from './changes.ts';
import { StoreFailure } from './faces.ts';
import type { Store, StoreCounts } from './faces.ts';
import { incidentStore } from './incidents.ts';
import { migrate } from './migrations.ts';
import { profileStore } from './profiles.ts';
import { responseStore } from './responses.ts';
import { retain } from './retention.ts';
import { openSqlite } from './sqlite.ts';
import type { Db, Tables } from './tables.ts';

/**
 * The embedded store: one SQLite file in WAL mode, owned by one process, fsynced at each commit —
 * an acknowledged alert survives a power cut. When the disk is full, commits reject with
 * `StoreFailure`, nothing is acknowledged and the agents keep what they have.
 */
export type OpenStoreOptions = {
  /** A file, or `:memory:`. */
  readonly path: string;
  readonly clock?: Clock;
  readonly observeCommit?: (seconds: number) => void;
};

export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const clock = options.clock ?? systemClock;
  const database = openSqlite(options.path);
  const db: Db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
  try {
    await migrate(db, clock.now());
  } catch (error) {
    database.close();
    throw new StoreFailure(
      'store-open',
      `the store ${options.path} cannot be brought up to date: ${
        error instanceof Error ? error.message : String(error)
      }`,
      { cause: error },
    );
  }
  const announcer = createAnnouncer();
  const batches = batchStore({
    db,
    clock,
    announcer,
    observeCommit: options.observeCommit ?? (() => undefined),
  });
  return {
    ...agentStore(db, announcer),
    ...alertStore(db),
    ...auditStore(db),
    ...changeStore(db, announcer),
    ...incidentStore(db, announcer),
    ...profileStore(db),
    ...responseStore(db, announcer),
    commitBatches: (group) => batches.commitBatches(group),
    committedSequence: (agent, epoch) => batches.committedSequence(agent, epoch),
    counts: () => counts(db),
    retain: (limits, nowMs) => retain(db, limits, nowMs),
    ping: async () => {
      await sql`SELECT 1`.execute(db);
    },
    close: async () => {
      await batches.drain();
      await db.destroy();
    },
  };
}

async function counts(db: Db): Promise<StoreCounts> {
  const count = async (table: keyof StoreCounts): Promise<number> => {
    const row = await db.selectFrom(table)
      .select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirst();
    return row?.count ?? 0;
  };
  return {
    alerts: await count('alerts'),
    incidents: await count('incidents'),
    responses: await count('responses'),
    profiles: await count('profiles'),
    gaps: await count('gaps'),
    agents: await count('agents'),
  };
}
