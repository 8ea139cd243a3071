import type { FlowFilter, FlowRow, FlowStore } from '../flows/flow-store.ts';
import { readChunks } from './flow-answers.ts';
import { HOUR_MINUTES, MINUTE_MS } from './flow-chunks.ts';
import type { StoredChunk } from './flow-chunks.ts';
import { unpackFlows } from './flow-packing.ts';
import type { PlacedFlow } from './flow-packing.ts';
import type { Actor, FlowReader, Peer } from './flow-rows.ts';
import type { Db } from './tables.ts';

/**
 * The list of flows, the newest slot first, in each the chunks as they came; bounded by flows
 * looked at like the lists of the desk (`desk-scan.ts`), with a cursor that says where looking
 * stopped: slot and place among the flows of that slot. What arrives late comes at the end of its
 * slot and moves nothing; an hour that is joined meanwhile begins anew, so that nothing is skipped.
 */
const PLACES_PER_SLOT = 100_000_000;
const CHUNKS_PER_LOOK = 64;
export const FLOWS_LOOKED_AT_MAX = 100_000;
const SLOTS_LOOKED_AT_MAX = 500;

type Page = Parameters<FlowStore['listFlows']>[1];
type Found = Awaited<ReturnType<FlowStore['listFlows']>>;
type Place = { readonly slot: number; readonly skip: number };
type Candidate = { readonly chunk: StoredChunk; readonly flow: PlacedFlow };

const cursorOf = ({ slot, skip }: Place): number => slot * PLACES_PER_SLOT + skip;
const placeOf = (cursor: number): Place =>
  ({ slot: Math.floor(cursor / PLACES_PER_SLOT), skip: cursor % PLACES_PER_SLOT });

type Scan = {
  readonly db: Db;
  readonly reader: FlowReader;
  readonly filter: FlowFilter;
  readonly nodes: readonly number[] | undefined;
  readonly limit: number;
};

export async function scanFlows(
  db: Db,
  reader: FlowReader,
  filter: FlowFilter,
  { before, limit }: Page,
): Promise<Found> {
  if (filter.scope !== 'all' && filter.scope.length === 0) return { rows: [] };
  const nodes = await nodesOf(db, filter);
  if (nodes?.length === 0) return { rows: [] };
  const scan = { db, reader, filter, nodes, limit };
  const rows: FlowRow[] = [];
  let place = before === undefined ? undefined : placeOf(before);
  let looked = 0;
  for (let slots = 0; slots < SLOTS_LOOKED_AT_MAX && looked < FLOWS_LOOKED_AT_MAX; slots += 1) {
    const slot = await newestSlot(scan, place);
    if (slot === undefined) return { rows };
    const skip = place?.slot === slot ? place.skip : 0;
    const { reached, isOver } = await scanSlot(scan, { slot, skip }, rows);
    looked += reached - skip;
    place = isOver ? { slot: slot - 1, skip: 0 } : { slot, skip: reached };
    if (rows.length >= limit) break;
    // SQLite answers in this very thread.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return place === undefined || place.slot < 0 ? { rows } : { rows, next: cursorOf(place) };
}

/** Up to which place it came, and whether that is the slot's end. */
async function scanSlot(
  { db, reader, filter, nodes, limit }: Scan,
  { slot, skip }: Place,
  rows: FlowRow[],
): Promise<{ readonly reached: number; readonly isOver: boolean }> {
  const { chunks, passed } = await chunksOf(db, slot, nodes, skip);
  let at = passed;
  for (let start = 0; start < chunks.length; start += CHUNKS_PER_LOOK) {
    for (const chunk of await inOrder(db, chunks.slice(start, start + CHUNKS_PER_LOOK))) {
      const all = unpackFlows(chunk.bytes);
      const flows = all.filter(({ place }) => at + place >= skip);
      const matching = await matchingOf(reader, filter, { chunk, flows });
      const taken = matching.slice(0, limit - rows.length);
      rows.push(...await reader.rowsOf(taken));
      const last = taken.at(-1);
      if (rows.length >= limit && last !== undefined) {
        return { reached: at + last.flow.place + 1, isOver: false };
      }
      at += all.length;
    }
    if (at - skip >= FLOWS_LOOKED_AT_MAX) return { reached: at, isOver: false };
  }
  return { reached: Math.max(at, skip), isOver: true };
}

async function nodesOf(
  db: Db,
  { cluster, node }: FlowFilter,
): Promise<readonly number[] | undefined> {
  if (cluster === undefined && node === undefined) return undefined;
  let query = db.selectFrom('flow_nodes').select('id');
  if (cluster !== undefined) query = query.where('cluster', '=', cluster);
  if (node !== undefined) query = query.where('node', '=', node);
  return (await query.execute()).map(({ id }) => id);
}

async function newestSlot(
  { db, filter: { fromMs, toMs }, nodes }: Scan,
  place: Place | undefined,
): Promise<number | undefined> {
  let query = db.selectFrom('flow_chunks').select('slot').orderBy('slot', 'desc').limit(1);
  if (place !== undefined) query = query.where('slot', '<=', place.slot);
  if (toMs !== undefined) query = query.where('slot', '<=', Math.floor(toMs / MINUTE_MS));
  if (fromMs !== undefined) {
    query = query.where('slot', '>', Math.floor(fromMs / MINUTE_MS) - HOUR_MINUTES);
  }
  if (nodes !== undefined) query = query.where('node', 'in', nodes);
  return (await query.executeTakeFirst())?.slot;
}

/** Those from the one on in which the place is, and how many flows were before it. */
async function chunksOf(
  db: Db,
  slot: number,
  nodes: readonly number[] | undefined,
  skip: number,
): Promise<{ readonly chunks: readonly { readonly number: number }[]; readonly passed: number }> {
  let query = db.selectFrom('flow_chunks').select(['number', 'flows'])
    .where('slot', '=', slot).orderBy('number');
  if (nodes !== undefined) query = query.where('node', 'in', nodes);
  const chunks = await query.execute();
  let passed = 0;
  let index = 0;
  for (const { flows } of chunks) {
    if (passed + flows > skip) break;
    passed += flows;
    index += 1;
  }
  return { chunks: chunks.slice(index), passed };
}

async function inOrder(
  db: Db,
  chunks: readonly { readonly number: number }[],
): Promise<readonly StoredChunk[]> {
  return (await readChunks(db, chunks)).toSorted((left, right) => left.number - right.number);
}

async function matchingOf(
  reader: FlowReader,
  filter: FlowFilter,
  { chunk, flows }: { readonly chunk: StoredChunk; readonly flows: readonly PlacedFlow[] },
): Promise<readonly Candidate[]> {
  // In whole minutes, like the slots: who asks for one minute gets all of it.
  const from = Math.floor((filter.fromMs ?? -Infinity) / MINUTE_MS);
  const to = Math.floor((filter.toMs ?? Infinity) / MINUTE_MS);
  const minuteOf = (offset: number): number => chunk.slot + Math.floor(offset / MINUTE_MS);
  const timely = flows.filter(({ first, last }) =>
    minuteOf(first) <= to && minuteOf(last) >= from);
  const peers = await reader.peers(timely.map(({ peer }) => peer));
  const actors = await reader.actors(timely.map(({ actor }) => actor));
  return timely.filter((flow) => {
    const peer = peers.get(flow.peer);
    const actor = actors.get(flow.actor);
    return peer !== undefined && actor !== undefined &&
      isPeerWanted(filter, peer) && isActorWanted(filter, actor);
  }).map((flow) => ({ chunk, flow }));
}

const isSame = (wanted: string | number | undefined, value: string | number): boolean =>
  wanted === undefined || wanted === value;

const isPeerWanted = (filter: FlowFilter, peer: Peer): boolean =>
  isSame(filter.direction, peer.direction) && isSame(filter.address, peer.address) &&
  isSame(filter.port, peer.port);

const isActorWanted = (filter: FlowFilter, actor: Actor): boolean =>
  isSame(filter.namespace, actor.namespace) && isSame(filter.workload, actor.workload) &&
  isSame(filter.pod, actor.pod) &&
  (filter.scope === 'all' || filter.scope.includes(actor.namespace));
