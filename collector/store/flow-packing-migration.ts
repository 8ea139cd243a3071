import { sql } from 'kysely';

import { SOURCE_PORTS_MAX } from '../../proto/lanner/v1/bounds.ts';
import { flowOutcomes } from '../../proto/lanner/v1/frames.ts';
import { DAY_MINUTES, insertChunks, tally } from './flow-chunks.ts';
import type { NewChunk } from './flow-chunks.ts';
import type { Tx } from './tables.ts';

/**
 * Flows as bytes, a row for each node and minute, instead of a row each in tables of parts. What is
 * there is packed: a part (at most 250,000 rows and a chunk) at a time in memory.
 */
export const flowPackingMigration = {
  number: 8,
  name: 'flows are packed',
  sql: `
    CREATE TABLE flow_chunks (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      node INTEGER NOT NULL,
      slot INTEGER NOT NULL,
      minutes INTEGER NOT NULL,
      flows INTEGER NOT NULL,
      bytes BLOB NOT NULL
    );
    CREATE INDEX flow_chunks_node ON flow_chunks (node, slot);
    CREATE INDEX flow_chunks_slot ON flow_chunks (slot);
    CREATE INDEX flow_chunks_minutes ON flow_chunks (slot) WHERE minutes = 1;
    CREATE TABLE flow_days (
      day INTEGER PRIMARY KEY,
      minute_flows INTEGER NOT NULL,
      hour_flows INTEGER NOT NULL
    );
    ALTER TABLE flow_peers RENAME COLUMN last_part TO last_day;
    ALTER TABLE flow_actors RENAME COLUMN last_part TO last_day
  `,
  run: async (tx: Tx): Promise<void> => {
    const parts = await sql<{ number: number; last_minute: number }>`
      SELECT number, last_minute FROM flow_parts ORDER BY number`.execute(tx);
    const lastDay = Math.ceil(Math.max(0, ...parts.rows.map((part) => part.last_minute)) /
      DAY_MINUTES);
    for (const table of ['flow_peers', 'flow_actors'] as const) {
      await tx.updateTable(table).set({ last_day: lastDay }).execute();
    }
    for (const { number } of parts.rows) await packPart(tx, `flows_${number}`);
    await sql`DROP TABLE flow_parts`.execute(tx);
  },
};

type OldFlow = Readonly<Record<'node' | 'minute' | 'peer' | 'actor' | 'first' | 'last' | 'count' |
  'outcome' | 'beyond', number>> & { readonly ports: string };

const CHUNKS_PER_STATEMENT = 100;
const FLOWS_PER_CHUNK = 500;

async function packPart(tx: Tx, name: string): Promise<void> {
  const { rows } = await sql<OldFlow>`
    SELECT node, minute, peer, actor, first, last, count, outcome, beyond, ports
    FROM ${sql.table(name)} ORDER BY node, minute, number`.execute(tx);
  const chunks: { node: number; slot: number; minutes: 1; flows: NewChunk['flows'][number][] }[] =
    [];
  for (const row of rows) {
    let chunk = chunks.at(-1);
    if (chunk === undefined || chunk.node !== row.node || chunk.slot !== row.minute ||
      chunk.flows.length >= FLOWS_PER_CHUNK) {
      chunk = { node: row.node, slot: row.minute, minutes: 1, flows: [] };
      chunks.push(chunk);
    }
    chunk.flows.push(packedOf(row));
  }
  for (let start = 0; start < chunks.length; start += CHUNKS_PER_STATEMENT) {
    await insertChunks(tx, chunks.slice(start, start + CHUNKS_PER_STATEMENT));
  }
  await tally(tx, chunks.map(({ flows, ...chunk }) => ({ ...chunk, flows: flows.length })), 1);
  await sql`DROP TABLE ${sql.table(name)}`.execute(tx);
}

function packedOf({ peer, actor, outcome, first, last, count, beyond, ports }: OldFlow) {
  const sourcePorts = ports.split(' ').map((text) => Number.parseInt(text, 36))
    .filter((port) => port >= 0).slice(0, SOURCE_PORTS_MAX);
  return {
    peer, actor, first, last, count, sourcePorts,
    outcome: outcome % flowOutcomes.length,
    folded: outcome >= flowOutcomes.length,
    portsBeyond: beyond,
  };
}
