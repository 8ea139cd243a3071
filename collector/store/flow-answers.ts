import type { FlowQuestion, FlowRow, FlowsFound } from '../flows/flow-store.ts';
import { HOUR_MINUTES, MINUTE_MS } from './flow-chunks.ts';
import type { StoredChunk } from './flow-chunks.ts';
import { unpackFlows } from './flow-packing.ts';
import type { PlacedFlow } from './flow-packing.ts';
import type { FlowReader } from './flow-rows.ts';
import type { Db } from './tables.ts';

/**
 * Flows out of some nodes to one destination within a time: the chunks of those nodes and minutes,
 * nearest to the middle first, and in each the destination's flows alone. The price is that of the
 * node's chunks in that time, however large the ledger is. With them comes what may stand for the
 * destination: flows without an address, where there were too many or the kernel said none.
 */
const PEERS_MAX = 1_000;
export const FLOWS_FOUND_MAX = 2_000;
/** An hour to both sides is 121 minutes of some chunks each. */
const CHUNKS_MAX = 4_096;
const CHUNKS_PER_LOOK = 64;

export async function answerFlows(
  db: Db,
  reader: FlowReader,
  question: FlowQuestion,
): Promise<FlowsFound> {
  const [nodes, peers] = await Promise.all([idsOfNodes(db, question), idsOfPeers(db, question)]);
  if (nodes.length === 0 || peers.length === 0) return { rows: [], isPartial: false };
  const chunks = await chunksWithin(db, nodes, question);
  const wanted = new Set(peers.slice(0, PEERS_MAX));
  const found: { chunk: StoredChunk; flow: PlacedFlow }[] = [];
  const looked = chunks.slice(0, CHUNKS_MAX);
  for (let start = 0; start < looked.length; start += CHUNKS_PER_LOOK) {
    // SQLite answers in this very thread.
    if (start > 0) await new Promise((resolve) => setImmediate(resolve));
    const some = looked.slice(start, start + CHUNKS_PER_LOOK);
    for (const chunk of await readChunks(db, some)) {
      const beginMs = chunk.slot * MINUTE_MS;
      for (const flow of unpackFlows(chunk.bytes, wanted)) {
        const isWithin = beginMs + flow.first <= question.toMs &&
          beginMs + flow.last >= question.fromMs;
        if (isWithin) found.push({ chunk, flow });
      }
    }
    if (found.length > FLOWS_FOUND_MAX) break;
  }
  const rows = await reader.rowsOf(found.slice(0, FLOWS_FOUND_MAX));
  const isPartial = found.length > FLOWS_FOUND_MAX || peers.length > PEERS_MAX ||
    chunks.length > CHUNKS_MAX;
  return { rows: rows.toSorted(byTime), isPartial };
}

const byTime = (left: FlowRow, right: FlowRow): number =>
  right.lastMs - left.lastMs || right.number - left.number;

/** Numbers and times alone, so that the bytes are read in the order in which they matter. */
async function chunksWithin(
  db: Db,
  nodes: readonly number[],
  { fromMs, toMs }: FlowQuestion,
): Promise<readonly { readonly number: number }[]> {
  const from = Math.floor(fromMs / MINUTE_MS);
  const to = Math.floor(toMs / MINUTE_MS);
  const rows = await db.selectFrom('flow_chunks').select(['number', 'slot', 'minutes'])
    .where('node', 'in', nodes)
    .where('slot', '>', from - HOUR_MINUTES).where('slot', '<=', to)
    .limit(HOUR_MINUTES * CHUNKS_MAX).execute();
  const middle = (from + to) / 2;
  return rows.filter(({ slot, minutes }) => slot + minutes > from)
    .map(({ number, slot, minutes }) =>
      ({ number, distance: Math.max(slot - middle, middle - slot - minutes, 0) }))
    .toSorted((left, right) => left.distance - right.distance || left.number - right.number);
}

export async function readChunks(
  db: Db,
  chunks: readonly { readonly number: number }[],
): Promise<readonly StoredChunk[]> {
  if (chunks.length === 0) return [];
  return await db.selectFrom('flow_chunks')
    .select(['number', 'node', 'slot', 'minutes', 'bytes'])
    .where('number', 'in', chunks.map(({ number }) => number)).execute();
}

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
