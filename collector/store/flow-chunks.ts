import { sql } from 'kysely';

import type { PackedFlow } from './flow-packing.ts';
import { packFlows } from './flow-packing.ts';
import type { Tx } from './tables.ts';

/**
 * The rows of the flow ledger: flows of one node and one minute as they were sent, or of one hour
 * as they were joined (`flow-compaction.ts`). How many there are is kept by the day beside them,
 * because counting them would read them.
 */
export const MINUTE_MS = 60_000;
export const HOUR_MINUTES = 60;
export const DAY_MINUTES = 1_440;
/** Flows of a chunk have a place below it, so that chunk and place are one number. */
const PLACES_PER_CHUNK = 10_000;
/** A chunk of an hour is no larger than what one look should read. */
export const FLOWS_PER_HOUR_CHUNK_MAX = 4_096;

export type NewChunk = {
  readonly node: number;
  /** Minutes since 1970. */
  readonly slot: number;
  readonly minutes: 1 | typeof HOUR_MINUTES;
  readonly flows: readonly PackedFlow[];
};

export type StoredChunk = {
  readonly number: number;
  readonly node: number;
  readonly slot: number;
  readonly minutes: number;
  readonly bytes: Uint8Array;
};

export const placeOf = (chunk: number, place: number): number => chunk * PLACES_PER_CHUNK + place;

export async function insertChunks(tx: Tx, chunks: readonly NewChunk[]): Promise<void> {
  if (chunks.length === 0) return;
  await tx.insertInto('flow_chunks')
    .values(chunks.map(({ node, slot, minutes, flows }) =>
      ({ node, slot, minutes, flows: flows.length, bytes: packFlows(flows) })))
    .execute();
}

export type Tallied = {
  readonly slot: number;
  readonly minutes: number;
  readonly flows: number;
};

/** In one order of locking for all replicas. */
export async function tally(tx: Tx, chunks: readonly Tallied[], sign: 1 | -1): Promise<void> {
  const days = new Map<number, { minute_flows: number; hour_flows: number }>();
  for (const { slot, minutes, flows } of chunks) {
    const day = Math.floor(slot / DAY_MINUTES);
    const counted = days.get(day) ?? { minute_flows: 0, hour_flows: 0 };
    counted[minutes === 1 ? 'minute_flows' : 'hour_flows'] += sign * flows;
    days.set(day, counted);
  }
  const rows = [...days].toSorted(([left], [right]) => left - right)
    .map(([day, counts]) => ({ day, ...counts }));
  if (rows.length === 0) return;
  await tx.insertInto('flow_days').values(rows)
    .onConflict((conflict) => conflict.column('day').doUpdateSet({
      minute_flows: sql`flow_days.minute_flows + excluded.minute_flows`,
      hour_flows: sql`flow_days.hour_flows + excluded.hour_flows`,
    }))
    .execute();
}
