import { sql } from 'kysely';

import { severities } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import { recordChanges } from './changes.ts';
import { alertWords } from './desk-words.ts';
import { StoreFailure } from './faces.ts';
import type { AgentName, Batch, BatchOutcome, BatchStore } from './faces.ts';
import { FlowWriter } from './flow-writer.ts';
import { gapDocument, insertGaps } from './gaps.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Db, Tables, Tx } from './tables.ts';

/**
 * Group commit. What agents send while a transaction is under way waits and goes into the next one
 * together, so that one fsync serves many agents. The sequence of each batch is written in the
 * same transaction as its alerts: a batch sent again changes nothing (exactly once).
 *
 * Bounds: each link has at most its window in flight, so at most links × window batches wait here;
 * `GROUP_AGENTS_MAX` agents make one transaction. When a group fails, the batches of each agent are
 * tried alone once: one bad batch does not take the other agents with it.
 */
const GROUP_AGENTS_MAX = 64;
const ROWS_PER_STATEMENT = 500;

type Waiting = {
  readonly batches: readonly Batch[];
  readonly resolve: (outcomes: readonly BatchOutcome[]) => void;
  readonly reject: (error: unknown) => void;
};

export type BatchOptions = StoreContext & {
  readonly observeCommit: (seconds: number) => void;
};

type Committing = BatchOptions & { readonly flows: FlowWriter };

export function batchStore(given: BatchOptions): BatchStore & { drain(): Promise<void> } {
  const options = { ...given, flows: new FlowWriter() };
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

async function commitGroup(options: Committing, group: readonly Waiting[]): Promise<void> {
  try {
    const outcomes = await commit(options, group.flatMap(({ batches }) => batches));
    let next = 0;
    for (const { batches, resolve } of group) {
      resolve(outcomes.slice(next, next + batches.length));
      next += batches.length;
    }
  } catch (error) {
    // Rows at fault are one agent's; a disk that is full or a server that is away is everybody's.
    if (group.length > 1 && options.dialect.isDataError(error)) {
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
  context: Committing,
  batches: readonly Batch[],
): Promise<readonly BatchOutcome[]> {
  const { clock, announcer, observeCommit, dialect, db, flows } = context;
  const startMs = clock.now();
  await dialect.prepareDay(db, startMs);
  let learn = (): void => undefined;
  const outcomes = await transact(context, async (tx) => {
    const fresh = await advanceSequences(tx, batches, startMs);
    const wanted = batches.filter((batch) => fresh.has(batch));
    const changed = await upsertAlerts(
      context,
      tx,
      newestOfEach(wanted.flatMap(({ alerts }) => alerts)),
      startMs,
    );
    const gaps = wanted.flatMap((agent) => agent.gaps.map((gap) => ({ agent, gap })));
    const newGaps = new Set(await insertGaps(tx, gaps, startMs));
    learn = await flows.write(tx, wanted, startMs);
    await recordChanges(context, tx, [
      ...[...changed.keys()].map((id) => ({ kind: 'alert' as const, id })),
      ...[...newGaps].map((id) => ({ kind: 'gap' as const, id })),
    ]);
    return batches.map((batch): BatchOutcome => fresh.has(batch)
      ? {
        duplicate: false,
        stored: batch.alerts.filter((alert) => changed.get(alert.id) === alert.revision),
        // Each gap counts once, also when two batches of the group name it.
        gaps: batch.gaps.filter((gap) => newGaps.delete(gapDocument({ agent: batch, gap }))),
      }
      : { duplicate: true, stored: [], gaps: [] });
  });
  learn();
  observeCommit((clock.now() - startMs) / 1_000);
  if (outcomes.some(({ stored, gaps }) => stored.length + gaps.length > 0)) announcer.announce();
  return outcomes;
}

/**
 * The batches whose sequence is above what was committed, which they then are. The first statement
 * locks the agents' rows, in one order: the same batch that comes over two replicas (a link that
 * was cut and came up elsewhere) waits for the other's end and then sees its sequence.
 */
async function advanceSequences(
  tx: Tx,
  batches: readonly Batch[],
  nowMs: number,
): Promise<ReadonlySet<Batch>> {
  const epochs = new Map<string, EpochRow>();
  for (const { cluster, node, epoch } of batches) {
    const row = { cluster, node, epoch, sequence: 0, committed_at: nowMs };
    epochs.set(epochKey(row), row);
  }
  const rows = [...epochs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  const known = await writeSequences(tx, rows, 'committed_at');
  const committed = new Map(known.map((row) => [epochKey(row), row.sequence]));
  const fresh = new Set<Batch>();
  for (const batch of batches) {
    const key = epochKey(batch);
    if (batch.sequence <= (committed.get(key) ?? 0)) continue;
    committed.set(key, batch.sequence);
    fresh.add(batch);
  }
  const advanced = rows.map((row) => ({ ...row, sequence: committed.get(epochKey(row)) ?? 0 }));
  if (fresh.size > 0) await writeSequences(tx, advanced, 'sequence');
  return fresh;
}

type EpochRow = Tables['batches'];

const epochKey = (row: Pick<EpochRow, 'cluster' | 'node' | 'epoch'>): string =>
  JSON.stringify([row.cluster, row.node, row.epoch]);

async function writeSequences(
  tx: Tx,
  rows: readonly EpochRow[],
  column: 'sequence' | 'committed_at',
): Promise<readonly Omit<EpochRow, 'committed_at'>[]> {
  const written: Omit<EpochRow, 'committed_at'>[] = [];
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    written.push(...await tx.insertInto('batches')
      .values(rows.slice(start, start + ROWS_PER_STATEMENT))
      .onConflict((conflict) =>
        conflict.columns(['cluster', 'node', 'epoch'])
          .doUpdateSet((eb) => ({ [column]: eb.ref(`excluded.${column}`) })))
      .returning(['cluster', 'node', 'epoch', 'sequence'])
      .execute());
  }
  return written;
}

/** One row per id (PostgreSQL refuses to touch a row twice), in one order of locking. */
function newestOfEach(alerts: readonly Alert[]): readonly Alert[] {
  const newest = new Map<string, Alert>();
  for (const alert of alerts) {
    const known = newest.get(alert.id);
    if (known === undefined || known.revision < alert.revision) newest.set(alert.id, alert);
  }
  return [...newest.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** Id → revision of those that were new or grew. */
async function upsertAlerts(
  { dialect }: BatchOptions,
  tx: Tx,
  alerts: readonly Alert[],
  nowMs: number,
): Promise<ReadonlyMap<string, number>> {
  const changed = new Map<string, number>();
  for (let start = 0; start < alerts.length; start += ROWS_PER_STATEMENT) {
    const some = alerts.slice(start, start + ROWS_PER_STATEMENT);
    const days = await dialect.claimDays(tx, some.map(({ id }) => id), nowMs);
    const rows = some.map((alert) => ({ ...rowOf(alert, nowMs), day: days.get(alert.id) ?? 0 }));
    const written = await tx.insertInto('alerts')
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(dialect.alertKey)
          .doUpdateSet((eb) => ({
            revision: eb.ref('excluded.revision'),
            kind: eb.ref('excluded.kind'),
            severity: eb.ref('excluded.severity'),
            node: eb.ref('excluded.node'),
            namespace: eb.ref('excluded.namespace'),
            image: eb.ref('excluded.image'),
            techniques: eb.ref('excluded.techniques'),
            workload: eb.ref('excluded.workload'),
            pod: eb.ref('excluded.pod'),
            words: eb.ref('excluded.words'),
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
    workload: alert.workload,
    pod: alert.pod,
    words: alertWords(alert),
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
