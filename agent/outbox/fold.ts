import type { Alert, Severity } from '../../baseline/alert.ts';
import type { AlertRow, Statements } from './rows.ts';
import { readSummaries, toAlertRow } from './rows.ts';
import { newFlowTally } from './flow-chunks.ts';
import type { FlowTally } from './flow-chunks.ts';
import { countOf, newGapTally } from './gaps.ts';
import type { GapTally } from './gaps.ts';
import type { SummaryOrigin } from './summary.ts';
import { isSummary, OTHER_WORKLOADS, rankOf, summaryAlert } from './summary.ts';

/** Counters of the outbox; inside a transaction they move with the rows, or not at all. */
export type Tally = {
  /** Alerts in the file, and what they are charged. */
  pending: number;
  bytes: number;
  /** Pending when the file was opened. */
  found: number;
  accepted: number;
  acknowledged: number;
  superseded: number;
  folded: Record<Severity, number>;
  gaps: GapTally;
  flows: FlowTally;
};

export type Store = {
  readonly statements: Statements;
  readonly bytesMax: number;
  tally: Tally;
};

/** Few: each look reads whole alerts, and a full outbox makes room for one at a time. */
const FOLD_ROWS = 4;
export const SUMMARY_ROWS_MAX = 256;
const PAGE_BYTES = 4_096;
/** Columns and three index entries with the id. */
const ROW_OVERHEAD_BYTES = 512;

type Found = { readonly count: number; readonly bytes: number };

export const newTally = (
  { count: found, bytes }: Found,
  gaps: number,
  flows: Found,
): Tally => ({
  pending: found,
  bytes,
  found,
  accepted: 0,
  acknowledged: 0,
  superseded: 0,
  folded: { informational: 0, low: 0, medium: 0, high: 0, critical: 0 },
  gaps: newGapTally(gaps),
  flows: newFlowTally(flows.count, flows.bytes),
});

/** Rows larger than a page take whole pages of their own; small ones are charged one as well. */
export function bytesOnDisk(document: string): number {
  const bytes = Buffer.byteLength(document);
  return Math.ceil((bytes + ROW_OVERHEAD_BYTES) / PAGE_BYTES) * PAGE_BYTES + ROW_OVERHEAD_BYTES;
}

/** Stores one alert that is redacted already; folds others, or at last this one, to make room. */
export function putAlert(store: Store, alert: Alert): void {
  const { statements, tally } = store;
  const document = JSON.stringify(alert);
  const bytes = bytesOnDisk(document);
  const rank = rankOf(alert.severity);
  const known = statements.unsent.get(alert.id);
  tally.accepted += 1;
  if (known !== undefined) {
    tally.superseded += 1;
    if (Number(known['revision']) >= alert.revision) return;
    statements.replace.run(alert.revision, rank, bytes, document, Number(known['row']));
    tally.bytes += bytes - Number(known['bytes']);
    makeRoom(store, 0);
    return;
  }
  makeRoom(store, bytes);
  if (filled(tally) + bytes > store.bytesMax) {
    fold(store, alert);
    return;
  }
  insertAlert(store, alert, document, bytes);
}

function insertAlert(store: Store, alert: Alert, document: string, bytes: number): number {
  const { statements, tally } = store;
  const { id, revision, severity } = alert;
  const made = statements.insert.run(id, revision, rankOf(severity), bytes, document);
  tally.pending += 1;
  tally.bytes += bytes;
  return Number(made.lastInsertRowid);
}

const filled = ({ bytes, flows }: Tally): number => bytes + flows.bytes;

/** Until `bytes` more fit, or nothing is left to fold: what is in flight must stay. */
function makeRoom(store: Store, bytes: number): void {
  const { statements, tally, bytesMax } = store;
  while (filled(tally) + bytes > bytesMax) {
    const rows = statements.foldable.all(FOLD_ROWS);
    if (rows.length === 0) return;
    for (const row of rows) {
      if (filled(tally) + bytes <= bytesMax) return;
      foldAlert(store, toAlertRow(row));
    }
  }
}

/** The alert's row becomes a count. */
export function foldAlert(store: Store, { row, bytes, document }: AlertRow): void {
  fold(store, JSON.parse(document) as Alert);
  store.statements.remove.run(row);
  store.tally.pending -= 1;
  store.tally.bytes -= bytes;
}

function fold({ statements, tally }: Store, alert: Alert): void {
  if (isSummary(alert)) {
    // Counts again, as before it was made; it stands for alerts that are in `folded` already.
    const { severity, count, firstTime, lastTime } = alert;
    statements.fold.run(severity, '', OTHER_WORKLOADS, count, firstTime, lastTime);
    tally.accepted -= 1;
    return;
  }
  const isFull = summaryRows(statements) >= SUMMARY_ROWS_MAX;
  statements.fold.run(
    alert.severity,
    isFull ? '' : alert.namespace,
    isFull ? OTHER_WORKLOADS : alert.workload,
    1,
    alert.firstTime,
    alert.lastTime,
  );
  tally.folded[alert.severity] += 1;
}

export function summaryRows(statements: Statements): number {
  return countOf(statements.summaryCount);
}

/**
 * Turns what was folded into one alert of the batch that is being sealed; only when a collector is
 * there to take it.
 */
export function sealSummary(store: Store, sequence: number, origin: SummaryOrigin): void {
  const rows = readSummaries(store.statements);
  if (rows.length === 0) return;
  store.statements.clearSummaries.run();
  const alert = summaryAlert(rows, origin);
  const document = JSON.stringify(alert);
  store.tally.accepted += 1;
  const row = insertAlert(store, alert, document, bytesOnDisk(document));
  store.statements.seal.run(sequence, row);
}
