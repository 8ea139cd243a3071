import { randomUUID } from 'node:crypto';

import { Kysely, PostgresDialect, SqliteDialect, sql } from 'kysely';

import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { accessStore } from './access.ts';
import { addressStore } from './addresses.ts';
import { agentStore } from './agents.ts';
import { alertStore } from './alerts.ts';
import { createAnnouncer } from './announcer.ts';
import type { Announcer } from './announcer.ts';
import { auditStore } from './audit.ts';
import { batchStore } from './batches.ts';
import { CHANGES_CHANNEL, changeStore } from './changes.ts';
import { COMMANDS_CHANNEL, commandQueue } from './command-queue.ts';
import { fingerprint } from './counters.ts';
import { decisionStore } from './decisions.ts';
import { deskAlertStore } from './desk-alerts.ts';
import { deskCountStore } from './desk-counts.ts';
import { deskIncidentStore } from './desk-incidents.ts';
import { deskSearchStore } from './desk-search.ts';
import { coolDownStore } from './cool-downs.ts';
import { coverageStore } from './coverage.ts';
import { sqliteDialect } from './dialect.ts';
import { evidenceFileStore } from './evidence-files.ts';
import { StoreFailure } from './faces.ts';
import type { Store, StoreCounts } from './faces.ts';
import { flowStore } from './flows.ts';
import { imageStore } from './images.ts';
import { incidentStore } from './incidents.ts';
import { leaseStore } from './leases.ts';
import { Listener } from './listener.ts';
import { maintenanceWindowStore } from './maintenance-windows.ts';
import { migrate } from './migrations.ts';
import { outputStore } from './outputs.ts';
import { openPool, postgresDialect } from './postgres.ts';
import { profileStore } from './profiles.ts';
import { redactedUrl } from './redacted-url.ts';
import { responseStore } from './responses.ts';
import { retain } from './retention.ts';
import { settingStore } from './settings.ts';
import { openSqlite } from './sqlite.ts';
import type { StoreContext } from './store-context.ts';
import { suppressionStore } from './suppressions.ts';
import type { Db, Tables } from './tables.ts';
import { tallyStore } from './tallies.ts';

/**
 * The embedded store: one SQLite file in WAL mode, owned by one process, fsynced at each commit —
 * an acknowledged alert survives a power cut. Or PostgreSQL, for several collectors. When the disk
 * is full or the server away, commits reject with `StoreFailure`, nothing is acknowledged and the
 * agents keep what they have.
 */
export type OpenStoreOptions = {
  /** A file, `:memory:`, or `postgres://…`. */
  readonly path: string;
  readonly clock?: Clock;
  readonly observeCommit?: (seconds: number) => void;
  /** What does not stop the store and is worth a line in the log; the database may be away. */
  readonly onTrouble?: (message: string, error: unknown) => void;
};

export const isPostgres = (path: string): boolean => /^postgres(ql)?:\/\//.test(path);

export function openStore(options: OpenStoreOptions): Promise<Store> {
  return isPostgres(options.path) ? openPostgresStore(options) : openEmbeddedStore(options);
}

async function openEmbeddedStore(options: OpenStoreOptions): Promise<Store> {
  const clock = options.clock ?? systemClock;
  const database = openSqlite(options.path);
  const db: Db = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
  const context = { db, dialect: sqliteDialect(clock), clock, announcer: createAnnouncer() };
  try {
    await migrate(context, clock.now());
    // The file is this process's alone: whoever held a lease is gone.
    await db.deleteFrom('leases').execute();
  } catch (error) {
    database.close();
    throw notOpened(options.path, error);
  }
  return { ...facesOf(context, options), commands: undefined };
}

async function openPostgresStore(options: OpenStoreOptions): Promise<Store> {
  const { path: url, clock = systemClock, onTrouble = () => undefined } = options;
  const pool = openPool(url, (error) => onTrouble('a connection to the store was cut', error));
  const db: Db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const replica = randomUUID();
  const context = { db, dialect: postgresDialect(replica), clock, announcer: createAnnouncer() };
  const commandsAnnouncer = createAnnouncer();
  const listener = new Listener({
    url,
    replica,
    clock,
    channels: new Map([
      [CHANGES_CHANNEL, () => context.announcer.announce()],
      [COMMANDS_CHANNEL, () => commandsAnnouncer.announce()],
    ]),
    poll: pollOf(db, context.announcer, commandsAnnouncer),
    onTrouble,
  });
  try {
    await migrate(context, clock.now());
    await context.dialect.prepareDay(db, clock.now());
    await listener.start();
  } catch (error) {
    await listener.stop();
    await db.destroy();
    throw notOpened(url, error);
  }
  const faces = facesOf(context, options);
  return {
    ...faces,
    commands: commandQueue(context, (wake) => commandsAnnouncer.onChange(wake)),
    close: async () => {
      await listener.stop();
      await faces.close();
    },
  };
}

/** Commands are few and asked for each time; everything else only when a counter moved. */
function pollOf(db: Db, changes: Announcer, commands: Announcer): () => Promise<void> {
  let seen: number | undefined;
  return async () => {
    const now = await fingerprint(db);
    if (now !== seen) changes.announce();
    seen = now;
    commands.announce();
  };
}

function notOpened(path: string, error: unknown): StoreFailure {
  const words = error instanceof Error ? error.message : String(error);
  return new StoreFailure(
    'store-open',
    `the store ${redactedUrl(path)} cannot be opened or brought up to date: ${words}`,
    { cause: error },
  );
}

/** All faces over one database. */
function facesOf(context: StoreContext, options: OpenStoreOptions): Omit<Store, 'commands'> {
  const { db } = context;
  const batches = batchStore({
    ...context,
    observeCommit: options.observeCommit ?? (() => undefined),
  });
  return {
    ...accessStore(context),
    ...addressStore(context),
    ...agentStore(context),
    ...alertStore(context),
    ...auditStore(context),
    ...changeStore(context),
    ...coolDownStore(context),
    ...coverageStore(context),
    ...decisionStore(context),
    ...deskAlertStore(context),
    ...deskCountStore(context),
    ...deskIncidentStore(context),
    ...deskSearchStore(context),
    ...evidenceFileStore(context),
    ...flowStore(context),
    ...imageStore(context),
    ...incidentStore(context),
    ...leaseStore(context),
    ...maintenanceWindowStore(context),
    ...outputStore(context),
    ...profileStore(context),
    ...responseStore(context),
    ...settingStore(context),
    ...suppressionStore(context),
    ...tallyStore(context),
    commitBatches: (group) => batches.commitBatches(group),
    committedSequence: (agent, epoch) => batches.committedSequence(agent, epoch),
    counts: () => counts(db),
    retain: (limits, nowMs) => retain(context, limits, nowMs),
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
