import { sql } from 'kysely';

import { severities } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import type { Clock } from '../clock.ts';
import { recordChanges } from './changes.ts';
import type { Announcer } from './changes.ts';
import { StoreFailure } from './faces.ts';
import type { AgentName, Batch, BatchOutcome, BatchStore } from './faces.ts';
import type { Db, Tx } from './tables.ts';

/**
 * Group commit. What agents send while a transaction is under way waits and goes into the next one
 * together, so that one fsync serves many agents. The sequence of each batch is written in the
 * same transaction as its alerts: a batch sent again changes nothing (exactly once).
 *
 * Bounds: each link has at most its window in flight, so at most links × window batches wait here;
 * `GROUP_AGENTS_MAX` agents make one transaction. When a group fails (disk full), the batches of
 * each agent are tried alone once: one bad batch does not take the other agents with it.
 */
const GROUP_AGENTS_MAX = 64;
const ROWS_PER_STATEMENT = 500;

type Waiting = {
  readonly batches: readonly Batch[];
  readonly resolve: (outcomes: readonly BatchOutcome[]) => void;
  readonly reject: (error: unknown) => void;
};

export type BatchOptions = {
  readonly db: Db;
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly observeCommit: (seconds: number) => void;
};

export function batchStore(options: BatchOptions): BatchStore & { drain(): Promise<void> } {
  const waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    // One turn of the event loop gathers what the other links deliver in the same tick.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (waiting.length > 0) await commitGroup(options, waiting.splice(0, GROUP_AGENTS_MAX));
    running = undefined;
  };

  return {
    commitBatches: (batches) =>
      new Promise((resolve, reject) => {
        waiting.push({ batches, resolve, reject });
        running ??= run();
      }),
    committedSequence: (agent, epoch) => readSequence(options.db, agent, epoch),
    drain: async () => {
      await running;
    },
  };
}

async function commitGroup(options: BatchOptions, group: readonly Waiting[]): Promise<void> {
  try {
    const outcomes = await commit(options, group.flatMap(({ batches }) => batches));
    let next = 0;
    for (const { batches, resolve } of group) {
      resolve(outcomes.slice(next, next + batches.length));
      next += batches.length;
    }
  } catch (error) {
    if (group.length > 1) {
      for (const one of group) await commitGroup(options, [one]);
      return;
    }
    const failure = new StoreFailure('store-write', 'a batch could not be committed', {
      cause: error,
    });
    for (const { reject } of group) reject(failure);
  }
}

async function commit(
  options: BatchOptions,
  batches: readonly Batch[],
): Promise<readonly BatchOutcome[]> {
  const { db, clock, announcer, observeCommit } = options;
  const startMs = clock.now();
  const outcomes = await db.transaction().execute(async (tx) => {
    const fresh: boolean[] = [];
    for (const batch of batches) fresh.push(await advanceSequence(tx, batch, startMs));
    const wanted = batches.filter((_, index) => fresh[index]).flatMap(({ alerts }) => alerts);
    const changed = await upsertAlerts(tx, newestOfEach(wanted), startMs);
    await recordChanges(tx, 'alert', [...changed.keys()]);
    return batches.map((batch, index) => ({
      duplicate: fresh[index] !== true,
      stored: fresh[index] === true
        ? batch.alerts.filter((alert) => changed.get(alert.id) === alert.revision)
        : [],
    }));
  });
  observeCommit((clock.now() - startMs) / 1_000);
  if (outcomes.some(({ stored }) => stored.length > 0)) announcer.announce();
  return outcomes;
}

/** True when the sequence is above what was committed, which it then is. */
async function advanceSequence(tx: Tx, batch: Batch, nowMs: number): Promise<boolean> {
  const result = await tx.insertInto('batches')
    .values({
      cluster: batch.cluster,
      node: batch.node,
      epoch: batch.epoch,
      sequence: batch.sequence,
      committed_at: nowMs,
    })
    .onConflict((conflict) =>
      conflict.columns(['cluster', 'node', 'epoch'])
        .doUpdateSet({ sequence: batch.sequence, committed_at: nowMs })
        .where('batches.sequence', '<', batch.sequence))
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** One row per id: a statement must not touch a row twice (PostgreSQL refuses it). */
function newestOfEach(alerts: readonly Alert[]): readonly Alert[] {
  const newest = new Map<string, Alert>();
  for (const alert of alerts) {
    const known = newest.get(alert.id);
    if (known === undefined || known.revision < alert.revision) newest.set(alert.id, alert);
  }
  return [...newest.values()];
}

/** Id → revision of those that were new or grew. */
async function upsertAlerts(
  tx: Tx,
  alerts: readonly Alert[],
  nowMs: number,
): Promise<ReadonlyMap<string, number>> {
  const changed = new Map<string, number>();
  for (let start = 0; start < alerts.length; start += ROWS_PER_STATEMENT) {
    const rows = alerts.slice(start, start + ROWS_PER_STATEMENT)
      .map((alert) => rowOf(alert, nowMs));
    const written = await tx.insertInto('alerts')
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('id')
          .doUpdateSet((eb) => ({
            revision: eb.ref('excluded.revision'),
            kind: eb.ref('excluded.kind'),
            severity: eb.ref('excluded.severity'),
            node: eb.ref('excluded.node'),
            namespace: eb.ref('excluded.namespace'),
            image: eb.ref('excluded.image'),
            techniques: eb.ref('excluded.techniques'),
            document: eb.ref('excluded.document'),
          }))
          .where('alerts.revision', '<', sql<number>`excluded.revision`))
      .returning(['id', 'revision'])
      .execute();
    for (const { id, revision } of written) changed.set(id, revision);
  }
  return changed;
}

function rowOf(alert: Alert, nowMs: number) {
  return {
    id: alert.id,
    revision: alert.revision,
    kind: alert.kind,
    severity: severities.indexOf(alert.severity),
    node: alert.node,
    namespace: alert.namespace,
    image: alert.image.repository,
    techniques: `,${alert.techniques.join(',')},`,
    incident_id: '',
    correlated_revision: 0,
    received_at: nowMs,
    document: JSON.stringify(alert),
  };
}

async function readSequence(db: Db, agent: AgentName, epoch: string): Promise<number> {
  const row = await db.selectFrom('batches')
    .select('sequence')
    .where('cluster', '=', agent.cluster)
    .where('node', '=', agent.node)
    .where('epoch', '=', epoch)
    .executeTakeFirst();
  return row?.sequence ?? 0;
}
