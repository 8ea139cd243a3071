import { sql } from 'kysely';

import { SOURCE_PORTS_MAX } from '../../proto/lanner/v1/bounds.ts';
import type { FlowsKept } from '../flows/flow-store.ts';
import {
  FLOWS_PER_HOUR_CHUNK_MAX,
  HOUR_MINUTES,
  MINUTE_MS,
  insertChunks,
  tally,
} from './flow-chunks.ts';
import type { NewChunk, StoredChunk } from './flow-chunks.ts';
import { DamagedFlows, unpackFlows } from './flow-packing.ts';
import type { PackedFlow } from './flow-packing.ts';
import { transact } from './store-context.ts';
import type { StoreContext } from './store-context.ts';
import type { Db, Tx } from './tables.ts';

/**
 * Minutes that are old enough become hours: flows of one process to one end, with one outcome, are
 * one flow of the hour, with its first and last time, all connections counted, and as many source
 * ports as a flow has room for; of the others only their number is kept, as a lower bound.
 *
 * One transaction takes rows of one node and hour away and puts their sum in their place: whoever
 * took a row is the only one who adds it, and a process that dies has done all of it or nothing. A
 * minute that arrives late for a joined hour is taken with that hour's rows, and joins them.
 *
 * Bounds: `FLOWS_PER_JOIN_MAX` flows and `CHUNKS_PER_JOIN_MAX` rows a transaction (an hour with
 * more is joined in portions), `JOINS_PER_PASS_MAX` transactions a pass.
 */
const FLOWS_PER_JOIN_MAX = 50_000;
const CHUNKS_PER_JOIN_MAX = 1_000;
const JOINS_PER_PASS_MAX = 20_000;

type Joined = Pick<FlowsKept, 'joined' | 'joinedInto' | 'damaged'>;

export async function compactFlows(
  context: StoreContext,
  beforeMs: number,
  isOver: () => boolean,
): Promise<Joined> {
  const beforeHour = Math.floor(beforeMs / MINUTE_MS / HOUR_MINUTES);
  const total = { joined: 0, joinedInto: 0, damaged: 0 };
  for (let joins = 0; joins < JOINS_PER_PASS_MAX && !isOver(); joins += 1) {
    const oldest = await oldestMinute(context.db, beforeHour * HOUR_MINUTES);
    if (oldest === undefined) break;
    const hour = { node: oldest.node, slot: oldest.slot - oldest.slot % HOUR_MINUTES };
    const one = await transact(context, (tx) => joinHour(tx, hour));
    total.joined += one.joined;
    total.joinedInto += one.joinedInto;
    total.damaged += one.damaged;
  }
  return total;
}

type Hour = { readonly node: number; readonly slot: number };

async function oldestMinute(db: Db, before: number): Promise<Hour | undefined> {
  return await db.selectFrom('flow_chunks').select(['node', 'slot'])
    // Not a parameter: by it the index of minutes alone is chosen.
    .where('minutes', '=', sql.lit(1)).where('slot', '<', before)
    .orderBy('slot').limit(1).executeTakeFirst();
}

async function joinHour(tx: Tx, hour: Hour): Promise<Joined> {
  const numbers = await portionOf(tx, hour);
  if (numbers.length === 0) return { joined: 0, joinedInto: 0, damaged: 0 };
  // Another replica may have taken some since they were read: what comes back is ours alone.
  const taken = await tx.deleteFrom('flow_chunks').where('number', 'in', numbers)
    .returning(['number', 'node', 'slot', 'minutes', 'flows', 'bytes']).execute();
  const read: { readonly chunk: StoredChunk; readonly flows: readonly PackedFlow[] }[] = [];
  const damaged: typeof taken = [];
  for (const chunk of taken) {
    try {
      read.push({ chunk, flows: unpackFlows(chunk.bytes) });
    } catch (error) {
      if (!(error instanceof DamagedFlows)) throw error;
      damaged.push(chunk);
    }
  }
  const flows = joinFlows(read, hour.slot);
  const rows: NewChunk[] = [];
  for (let start = 0; start < flows.length; start += FLOWS_PER_HOUR_CHUNK_MAX) {
    rows.push({ ...hour, minutes: HOUR_MINUTES,
      flows: flows.slice(start, start + FLOWS_PER_HOUR_CHUNK_MAX) });
  }
  await insertChunks(tx, rows);
  await tally(tx, taken, -1);
  await tally(tx, rows.map((row) => ({ ...row, flows: row.flows.length })), 1);
  const minutes = taken.filter((chunk) => chunk.minutes === 1);
  return {
    joined: minutes.reduce((sum, chunk) => sum + chunk.flows, 0),
    joinedInto: flows.length,
    damaged: damaged.reduce((sum, chunk) => sum + chunk.flows, 0),
  };
}

/** Minutes first: what is joined already need not be taken again with each portion. */
async function portionOf(tx: Tx, { node, slot }: Hour): Promise<readonly number[]> {
  const chunks = await tx.selectFrom('flow_chunks').select(['number', 'flows'])
    .where('node', '=', node).where('slot', '>=', slot).where('slot', '<', slot + HOUR_MINUTES)
    .orderBy('minutes').orderBy('slot').orderBy('number').limit(CHUNKS_PER_JOIN_MAX).execute();
  let flows = 0;
  const portion = chunks.filter((chunk, index) => {
    if (index > 0 && flows + chunk.flows > FLOWS_PER_JOIN_MAX) return false;
    flows += chunk.flows;
    return true;
  });
  return portion.map(({ number }) => number);
}

type Read = { readonly chunk: StoredChunk; readonly flows: readonly PackedFlow[] };
type Sum = { -readonly [Name in keyof PackedFlow]: PackedFlow[Name] };

/** Pure: the same whatever the order in which the chunks come. */
export function joinFlows(read: readonly Read[], slot: number): readonly PackedFlow[] {
  const sums = new Map<string, Sum>();
  // By time, so that the ports that are kept are the first ones.
  const inTime = read.toSorted(({ chunk: left }, { chunk: right }) =>
    left.slot - right.slot || right.minutes - left.minutes || left.number - right.number);
  for (const { chunk, flows } of inTime) {
    const offset = (chunk.slot - slot) * MINUTE_MS;
    for (const { peer, actor, outcome, folded, first, last, count, ...ports } of flows) {
      const key = `${peer} ${actor} ${outcome} ${folded}`;
      const known = sums.get(key);
      if (known === undefined) {
        sums.set(key, { peer, actor, outcome, folded, first: first + offset, last: last + offset,
          count, sourcePorts: ports.sourcePorts, portsBeyond: ports.portsBeyond });
        continue;
      }
      known.first = Math.min(known.first, first + offset);
      known.last = Math.max(known.last, last + offset);
      known.count += count;
      const all = [...new Set([...known.sourcePorts, ...ports.sourcePorts])];
      known.sourcePorts = all.slice(0, SOURCE_PORTS_MAX);
      known.portsBeyond += ports.portsBeyond + all.length - known.sourcePorts.length;
    }
  }
  return [...sums.values()].toSorted((left, right) =>
    left.peer - right.peer || left.actor - right.actor);
}
