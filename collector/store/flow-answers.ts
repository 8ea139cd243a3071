import { sql } from 'kysely';

import type { FlowQuestion, FlowRow, FlowsFound } from '../flows/flow-store.ts';
import { partTable, partsWithin } from './flow-parts.ts';
import { flowColumns, flowJoins, flowOf } from './flow-rows.ts';
import type { StoredFlow } from './flow-rows.ts';
import { MINUTE_MS } from './flow-writer.ts';
import type { Db } from './tables.ts';

/**
 * Flows out of some nodes to one destination within a time: by the index (peer, node, minute), so
 * that the price is that of what is found. With them comes what may stand for it: flows without
 * an address, where there were too many or the kernel said none.
 */
const PEERS_MAX = 1_000;
export const FLOWS_FOUND_MAX = 2_000;

export async function answerFlows(db: Db, question: FlowQuestion): Promise<FlowsFound> {
  const nodes = await idsOfNodes(db, question);
  const peers = await idsOfPeers(db, question);
  if (nodes.length === 0 || peers.length === 0) return { rows: [], isPartial: false };
  const fromMinute = Math.floor(question.fromMs / MINUTE_MS);
  const toMinute = Math.floor(question.toMs / MINUTE_MS);
  const rows: FlowRow[] = [];
  for (const part of await partsWithin(db, fromMinute, toMinute)) {
    const left = FLOWS_FOUND_MAX + 1 - rows.length;
    if (left <= 0) break;
    const found = await sql<StoredFlow>`
      SELECT ${flowColumns} FROM ${partTable(part.number)} AS f ${flowJoins}
      WHERE f.peer IN (${numbers(peers)}) AND f.node IN (${numbers(nodes)})
        AND f.minute >= ${fromMinute} AND f.minute <= ${toMinute}
      LIMIT ${left}`.execute(db);
    rows.push(...found.rows.map((row) => flowOf(part.number, row)));
  }
  const isPartial = rows.length > FLOWS_FOUND_MAX || peers.length > PEERS_MAX;
  const within = rows.slice(0, FLOWS_FOUND_MAX)
    .filter(({ firstMs, lastMs }) => firstMs <= question.toMs && lastMs >= question.fromMs);
  return { rows: within, isPartial };
}

const numbers = (ids: readonly number[]) => sql.join(ids.map((id) => sql.lit(id)));

async function idsOfNodes(db: Db, { nodes }: FlowQuestion): Promise<readonly number[]> {
  if (nodes.length === 0) return [];
  const rows = await db.selectFrom('flow_nodes').select('id')
    .where((eb) => eb.or(nodes.map(({ cluster, node }) =>
      eb.and([eb('cluster', '=', cluster), eb('node', '=', node)]))))
    .execute();
  return rows.map(({ id }) => id);
}

async function idsOfPeers(
  db: Db,
  { address, port, protocol }: FlowQuestion,
): Promise<readonly number[]> {
  let query = db.selectFrom('flow_peers').select('id')
    .where('direction', '=', 'out')
    .where((eb) => eb.or([
      eb.and([eb('address', '=', address), eb('port', '=', port)]),
      eb.and([eb('address', '=', ''), eb('port', 'in', [port, -1])]),
    ]))
    // An address may have been given more names than are looked at.
    .orderBy('id').limit(PEERS_MAX + 1);
  if (protocol !== undefined) query = query.where('protocol', 'in', [protocol, '']);
  return (await query.execute()).map(({ id }) => id);
}
