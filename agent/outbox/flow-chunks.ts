import { rfc3339 } from '../../baseline/episode/time.ts';
import type { FlowChunk } from '../../proto/lanner/v1/frames.ts';
import { addGap } from './gaps.ts';
import type { GapStore } from './gaps.ts';
import type { Statements } from './rows.ts';

/**
 * Flows that wait: rows like alerts, one chunk to a batch. They have at most a quarter of the file,
 * and less where alerts need it; beyond, the oldest minutes go first, whole, and a gap
 * (`flows-dropped`) says which. A file under a new epoch keeps none, because nobody can say which
 * of them the collector has, and an alert has an id by which it is stored once where a flow has not.
 */
export const FLOW_SHARE = 4;

/** In chunks. Identity: found + accepted = acknowledged + dropped + pending. */
export type FlowTally = {
  found: number;
  accepted: number;
  acknowledged: number;
  dropped: number;
  pending: number;
  /** Flows in the dropped chunks. */
  flowsDropped: number;
  bytes: number;
};

export const newFlowTally = (found: number, bytes: number): FlowTally => ({
  found,
  accepted: 0,
  acknowledged: 0,
  dropped: 0,
  pending: found,
  flowsDropped: 0,
  bytes,
});

export type FlowStore = GapStore & {
  readonly statements: Statements;
  readonly bytesMax: number;
  readonly tally: GapStore['tally'] & { readonly bytes: number; readonly flows: FlowTally };
};

const PAGE_BYTES = 4_096;
const NS_PER_MS = 1_000_000n;
/** Of a gap: what a chunk without a watched time stands for. */
const MINUTE_MS = 60_000;

export function putFlows(store: FlowStore, chunk: FlowChunk): void {
  const { statements, tally } = store;
  const document = JSON.stringify(chunk);
  const bytes = Math.ceil((Buffer.byteLength(document) + 128) / PAGE_BYTES) * PAGE_BYTES;
  tally.flows.accepted += 1;
  const left = Math.min(store.bytesMax / FLOW_SHARE, store.bytesMax - tally.bytes);
  while (tally.flows.bytes + bytes > left) {
    if (!dropOldestMinute(store)) {
      tally.flows.dropped += 1;
      tally.flows.flowsDropped += chunk.flows.length;
      tellDropped(store, [chunk]);
      return;
    }
  }
  statements.addFlows.run(chunk.minute, chunk.flows.length, bytes, document);
  tally.flows.pending += 1;
  tally.flows.bytes += bytes;
}

/** One chunk, the oldest; false when none waits. */
export function sealFlows(statements: Statements, sequence: number): boolean {
  return Number(statements.sealFlows.run(sequence).changes) > 0;
}

export function flowsOfBatch(
  statements: Statements,
  sequence: number,
): { readonly flows?: FlowChunk } {
  const row = statements.flowsOfBatch.get(sequence);
  return row === undefined ? {} : { flows: chunkIn(row) };
}

export function acknowledgeFlows({ statements, tally }: FlowStore, sequence: number): void {
  const rows = statements.acknowledgeFlows.all(sequence);
  const { flows } = tally;
  flows.acknowledged += rows.length;
  flows.pending -= rows.length;
  for (const { bytes } of rows) flows.bytes -= Number(bytes);
}

/** What one batch holds, or all there is. */
export function dropFlows(store: FlowStore, which: 'all' | { readonly sequence: number }): void {
  const { statements } = store;
  dropRows(store, which === 'all'
    ? statements.dropAllFlows.all()
    : statements.dropFlowsOfBatch.all(which.sequence));
}

/** Of those that are not sealed: what is in flight may be stored already. */
function dropOldestMinute(store: FlowStore): boolean {
  const rows = store.statements.dropOldestFlows.all();
  dropRows(store, rows);
  return rows.length > 0;
}

function dropRows(store: FlowStore, rows: readonly Record<string, unknown>[]): void {
  if (rows.length === 0) return;
  const { flows } = store.tally;
  flows.dropped += rows.length;
  flows.pending -= rows.length;
  for (const { bytes, flows: count } of rows) {
    flows.bytes -= Number(bytes);
    flows.flowsDropped += Number(count);
  }
  tellDropped(store, rows.map(chunkIn));
}

function tellDropped(store: FlowStore, chunks: readonly FlowChunk[]): void {
  const spans = chunks.map(({ minute, watched }) =>
    ({ from: Math.min(minute, watched?.from ?? minute),
      to: Math.max(minute + MINUTE_MS, watched?.to ?? 0) }));
  addGap(store, {
    from: timeText(Math.min(...spans.map(({ from }) => from))),
    to: timeText(Math.max(...spans.map(({ to }) => to))),
    cause: 'flows-dropped',
    eventsEstimate: chunks.flatMap(({ flows }) => flows).reduce((sum, one) => sum + one.count, 0),
  });
}

const timeText = (ms: number): string => rfc3339(BigInt(ms) * NS_PER_MS);

const chunkIn = (row: Record<string, unknown>): FlowChunk =>
  JSON.parse(String(row['document'])) as FlowChunk;
