import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';

import { UNTOUCHED } from '../incident/work.ts';
import type { IncidentWork } from '../incident/work.ts';
import type { Incident } from '../incident/incident.ts';
import { DEAD_LETTERS_MAX } from '../outputs/output-store.ts';
import type {
  DeadLetter,
  DeadLetterChoice,
  NewDeadLetter,
  OutputPosition,
  OutputProgress,
  OutputStep,
  OutputStore,
  SendableChange,
  SentMark,
} from '../outputs/output-store.ts';
import { alertColumns, alertRecord } from './alerts.ts';
import { appendAudit } from './audit.ts';
import { CHANGES_CHANNEL, changesAfter } from './changes.ts';
import type { AlertRow, Change } from './faces.ts';
import { holdLease } from './leases.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Tables, Tx } from './tables.ts';

const IDS_PER_STATEMENT = 500;

export function outputStore(context: StoreContext): OutputStore {
  const { db, dialect, announcer } = context;
  return {
    readOutput: async (name) => {
      const row = await db.selectFrom('outputs').selectAll().where('name', '=', name)
        .executeTakeFirst();
      return row === undefined ? undefined : positionOf(row);
    },
    listOutputs: async () => {
      const rows = await db.selectFrom('outputs').selectAll().orderBy('name').execute();
      return rows.map(positionOf);
    },
    saveStep: (step) => transact(context, (tx) => save(tx, step)),
    changesToSend: (position, limit) => changesToSend(context, position, limit),
    countChanges: async (position) => {
      const row = await db.selectFrom('changes')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('position', '>', position).executeTakeFirst();
      return row?.count ?? 0;
    },
    openIncidentsWithWork: async (limit) => {
      const rows = await db.selectFrom('incidents')
        .leftJoin('incident_desk', 'incident_desk.id', 'incidents.id')
        .select(['incidents.document', 'incident_desk.work'])
        .where('incidents.state', '=', 'open')
        .orderBy('incidents.updated_at', 'desc')
        .limit(limit)
        .execute();
      return rows
        .map(({ document, work }) => ({
          incident: JSON.parse(document) as Incident,
          work: work === null ? UNTOUCHED : JSON.parse(work) as IncidentWork,
        }))
        .filter(({ work }) => work.closed === null);
    },
    positionBefore: async (keep) => {
      const row = await db.selectFrom('changes').select('position')
        .orderBy('position', 'desc').offset(keep).limit(1).executeTakeFirst();
      return row?.position ?? 0;
    },
    sentMarks: (output, ids) => sentMarks(context, output, ids),
    forgetMarks: (output, beforeMs, max) => forgetMarks(context, output, beforeMs, max),
    deadLetters: async (output, page) => {
      let query = db.selectFrom('dead_letters').selectAll().where('output', '=', output)
        .orderBy('number', 'desc').limit(page.limit);
      if (page.before !== undefined) query = query.where('number', '<', page.before);
      return (await query.execute()).map(letterOf);
    },
    countDeadLetters: async () => {
      const rows = await db.selectFrom('dead_letters')
        .select(['output', ({ fn }) => fn.countAll<number>().as('count')])
        .groupBy('output').execute();
      return new Map(rows.map(({ output, count }) => [output, count]));
    },
    queuedDeadLetters: async (output, limit) => {
      const rows = await db.selectFrom('dead_letters').selectAll()
        .where('output', '=', output).where('queued', '=', 1)
        .orderBy('number').limit(limit).execute();
      return rows.map(letterOf);
    },
    queueDeadLetters: async (output, which, audit) => {
      const count = await transact(context, async (tx) => {
        const { numUpdatedRows } = await tx.updateTable('dead_letters').set({ queued: 1 })
          .where((eb) => chosen(eb, output, which)).executeTakeFirstOrThrow();
        await appendAudit(tx, { ...audit, detail: { ...audit.detail, count: Number(numUpdatedRows) } });
        await dialect.notify(tx, CHANGES_CHANNEL);
        return Number(numUpdatedRows);
      });
      announcer.announce();
      return count;
    },
    refuseDeadLetter: (number, detail, lease) => transact(context, async (tx) => {
      if (lease !== undefined) await holdLease(tx, lease);
      await tx.updateTable('dead_letters').set({ queued: 0, detail })
        .where('number', '=', number).execute();
    }),
    dropDeadLetters: (output, which, audit) => transact(context, async (tx) => {
      const { numDeletedRows } = await tx.deleteFrom('dead_letters')
        .where((eb) => chosen(eb, output, which)).executeTakeFirstOrThrow();
      await appendAudit(tx, { ...audit, detail: { ...audit.detail, count: Number(numDeletedRows) } });
      return Number(numDeletedRows);
    }),
  };
}

function chosen(
  eb: ExpressionBuilder<Tables, 'dead_letters'>,
  output: string,
  which: DeadLetterChoice,
): Expression<SqlBool> {
  const ofOutput = eb('output', '=', output);
  return which === 'all' ? ofOutput : eb.and([ofOutput, eb('number', 'in', [...which])]);
}

async function save(
  tx: Tx,
  { output, sent, dead, replayed, lease }: OutputStep,
): Promise<number> {
  if (lease !== undefined) await holdLease(tx, lease);
  const { name, position } = output;
  const row = { position, document: JSON.stringify(output.progress) };
  await tx.insertInto('outputs').values({ name, ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row)).execute();
  for (let start = 0; start < sent.length; start += IDS_PER_STATEMENT) {
    const marks = sent.slice(start, start + IDS_PER_STATEMENT).map((mark) => ({
      output: name,
      record_id: mark.recordId,
      severity: mark.severity,
      state: mark.state,
      at: mark.atMs,
    }));
    await tx.insertInto('output_marks').values(marks)
      .onConflict((conflict) =>
        conflict.columns(['output', 'record_id']).doUpdateSet((eb) => ({
          severity: eb.ref('excluded.severity'),
          state: eb.ref('excluded.state'),
          at: eb.ref('excluded.at'),
        })))
      .execute();
  }
  if (replayed.length > 0) {
    await tx.deleteFrom('dead_letters').where('number', 'in', [...replayed]).execute();
  }
  return dead.length > 0 ? await bury(tx, name, dead) : 0;
}

async function bury(tx: Tx, output: string, dead: readonly NewDeadLetter[]): Promise<number> {
  await tx.insertInto('dead_letters').values(dead.map((letter) => ({
    output,
    uuid: letter.uuid,
    kind: letter.kind,
    reason: letter.reason,
    detail: letter.detail,
    at: letter.atMs,
    queued: 0,
    document: JSON.stringify(letter.notice),
  }))).execute();
  const oldest = await tx.selectFrom('dead_letters').select('number')
    .where('output', '=', output).orderBy('number', 'desc')
    .offset(DEAD_LETTERS_MAX).limit(1).executeTakeFirst();
  if (oldest === undefined) return 0;
  const { numDeletedRows } = await tx.deleteFrom('dead_letters')
    .where('output', '=', output).where('number', '<=', oldest.number)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

async function changesToSend(
  context: StoreContext,
  position: number,
  limit: number,
): Promise<readonly SendableChange[]> {
  const changes = await changesAfter(context, position, limit);
  const alerts = await decidedAlerts(context, changes.flatMap((change) =>
    (change.kind === 'alert' ? [change.document.id] : [])));
  return changes.flatMap((change): readonly SendableChange[] => {
    if (change.kind === 'alert') {
      const decided = alerts.get(change.document.id);
      if (decided === undefined) return [];
      const { row, isCorrelated } = decided;
      const storedAtMs = row.receivedAtMs;
      return [{ ...change, document: row.alert, row, isCorrelated, storedAtMs }];
    }
    return [{ ...change, storedAtMs: storedAt(change), isCorrelated: true }];
  });
}

/** A gap is as old as its end. */
function storedAt(change: Exclude<Change, { readonly kind: 'alert' }>): number {
  if (change.kind !== 'gap') return change.document.updatedAtMs;
  const endMs = Date.parse(change.document.to);
  return Number.isFinite(endMs) ? endMs : 0;
}

type Decided = { readonly row: AlertRow; readonly isCorrelated: boolean };

/** One statement: the record and what was decided of just that revision of it. */
async function decidedAlerts(
  { db, dialect }: StoreContext,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Decided>> {
  const found = new Map<string, Decided>();
  if (ids.length === 0) return found;
  const days = [...new Set((await dialect.daysOf(db, ids)).values())];
  if (days.length === 0) return found;
  const rows = await db.selectFrom('alerts')
    .select([...alertColumns, 'id', 'revision', 'correlated_revision'])
    .where('day', 'in', days).where('id', 'in', [...ids]).execute();
  for (const row of rows) {
    const isCorrelated = row.correlated_revision >= row.revision;
    found.set(row.id, { row: alertRecord(row), isCorrelated });
  }
  return found;
}

async function sentMarks(
  { db }: StoreContext,
  output: string,
  recordIds: readonly string[],
): Promise<ReadonlyMap<string, SentMark>> {
  if (recordIds.length === 0) return new Map();
  const rows = await db.selectFrom('output_marks').selectAll()
    .where('output', '=', output).where('record_id', 'in', [...recordIds]).execute();
  return new Map(rows.map(({ record_id, severity, state, at }) =>
    [record_id, { recordId: record_id, severity, state, atMs: at }]));
}

async function forgetMarks(
  { db }: StoreContext,
  output: string,
  beforeMs: number,
  max: number,
): Promise<number> {
  const newest = await db.selectFrom('output_marks').select('at').where('output', '=', output)
    .orderBy('at', 'desc').offset(max).limit(1).executeTakeFirst();
  const limitMs = Math.max(beforeMs, newest?.at ?? 0);
  const { numDeletedRows } = await db.deleteFrom('output_marks')
    .where('output', '=', output).where('at', '<=', limitMs).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

const positionOf = (
  row: { readonly name: string; readonly position: number; readonly document: string },
): OutputPosition => ({
  name: row.name,
  position: row.position,
  progress: JSON.parse(row.document) as OutputProgress,
});

const letterOf = (row: {
  readonly number: number;
  readonly output: string;
  readonly uuid: string;
  readonly kind: string;
  readonly reason: string;
  readonly detail: string;
  readonly at: number;
  readonly queued: number;
  readonly document: string;
}): DeadLetter => ({
  number: row.number,
  output: row.output,
  uuid: row.uuid,
  kind: row.kind,
  reason: row.reason,
  detail: row.detail,
  atMs: row.at,
  isQueued: row.queued === 1,
  notice: JSON.parse(row.document) as unknown,
});
