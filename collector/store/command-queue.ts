import { sql } from 'kysely';

import type { CommandFrame } from '../../proto/lanner/v1/frames.ts';
import type { CommandQueue, QueuedCommand, QueuedOutcome } from './faces.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Tx } from './tables.ts';

/**
 * Commands on their way between replicas. A row is waiting, then claimed by the one replica that
 * holds the agent's link, then done with an outcome. Each step is one conditional update, so that
 * of several replicas one succeeds: what is claimed is sent once, what was withdrawn is not sent
 * any more. Rows that their sender does not take back (it died) are deleted when they are old.
 */
export const COMMANDS_CHANNEL = 'lanner_commands';
const WAITING_READ_MAX = 200;
const FORGET_MS = 3_600_000;

export function commandQueue(
  context: StoreContext,
  onCommands: CommandQueue['onCommands'],
): CommandQueue {
  const { db, dialect } = context;
  const change = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    transact(context, async (tx) => {
      const result = await work(tx);
      await dialect.notify(tx, COMMANDS_CHANNEL);
      return result;
    });
  return {
    put: (command) => change((tx) => put(context, tx, command)),
    waiting: async () => {
      const rows = await db.selectFrom('commands').select(['id', 'cluster', 'node'])
        .where('state', '=', 'waiting').orderBy('number').limit(WAITING_READ_MAX).execute();
      return rows.map(({ id, cluster, node }) => ({ id, agent: { cluster, node } }));
    },
    claim: async (id) => {
      const { nowMs } = dialect;
      const row = await db.updateTable('commands').set({ state: 'claimed' })
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .where('expires_at', '>', nowMs)
        .returning(['cluster', 'node', 'frame', sql<number>`expires_at - ${nowMs}`.as('left')])
        .executeTakeFirst();
      return row === undefined ? undefined : {
        id,
        agent: { cluster: row.cluster, node: row.node },
        frame: JSON.parse(row.frame) as CommandFrame,
        remainingMs: row.left,
      };
    },
    finish: (id, outcome) => change(async (tx) => {
      const { document, rest } = withoutDocument(outcome);
      await tx.updateTable('commands')
        .set({ state: 'done', outcome: JSON.stringify(rest), document })
        .where('id', '=', id).where('state', '=', 'claimed').execute();
    }),
    take: async (id) => {
      const row = await db.deleteFrom('commands')
        .where('id', '=', id).where('state', '=', 'done')
        .returning(['outcome', 'document']).executeTakeFirst();
      if (row?.outcome === undefined || row.outcome === null) return undefined;
      const outcome = JSON.parse(row.outcome) as QueuedOutcome;
      return outcome.ok
        ? { ok: true, result: { ...outcome.result, document: row.document ?? new Uint8Array() } }
        : outcome;
    },
    withdraw: async (id) => {
      const { numDeletedRows } = await db.deleteFrom('commands')
        .where('id', '=', id).where('state', '=', 'waiting').executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
    onCommands,
  };
}

async function put({ dialect }: StoreContext, tx: Tx, command: QueuedCommand): Promise<void> {
  const { nowMs } = dialect;
  const { id, agent: { cluster, node }, frame, remainingMs } = command;
  await tx.deleteFrom('commands').where('created_at', '<', sql<number>`${nowMs} - ${FORGET_MS}`)
    .execute();
  await tx.insertInto('commands')
    .values({
      id,
      cluster,
      node,
      frame: JSON.stringify(frame),
      state: 'waiting',
      outcome: null,
      document: null,
      created_at: nowMs,
      expires_at: sql<number>`${nowMs} + ${remainingMs}`,
    })
    .execute();
}

function withoutDocument(outcome: QueuedOutcome): {
  readonly document: Uint8Array | null;
  readonly rest: unknown;
} {
  if (!outcome.ok) return { document: null, rest: outcome };
  const { document, ...result } = outcome.result;
  return { document, rest: { ok: true, result } };
}
