/**
 * The node's durable queue of alerts and gaps that the collector has not acknowledged.
 *
 * - An alert is on disk (synced) when `put` returns; until then it does not count as raised.
 * - `seal` makes the next batch: up to `BATCH_ALERTS_MAX` alerts, the worst severity first, and the
 *   gaps that wait, under the next sequence of this epoch; with them one chunk of the flow ledger,
 *   unless something severe is in it. A sealed batch never changes, so sending
 *   it again is the same batch. `acknowledge` deletes up to a sequence: at least once here, at most
 *   once in the store.
 * - A newer revision replaces an older one that is not sealed yet.
 * - Full (`bytesMax`), the oldest alerts of the lowest severity are folded into counts per
 *   workload, which go out as one alert when the collector is back. Never silently.
 * - A broken file is set aside and a new one begun under a new epoch, with a gap record
 *   (`outbox-lost`) from the last acknowledgement on; the caller is told. So it is with a file that
 *   is older than what the collector has (`renewEpoch`). A file that cannot be written (disk full)
 *   is an `OutboxFailure`: the caller keeps its alerts.
 *
 * Identity: found + accepted = acknowledged + superseded + folded + pending; gaps have their own.
 */
import assert from 'node:assert/strict';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { severities } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import { rfc3339 } from '../../baseline/episode/time.ts';
import type { FlowChunk, GapRecord } from '../../proto/lanner/v1/frames.ts';
import { failureOf, OutboxFailure } from './failure.ts';
import { acknowledgeFlows, dropFlows, flowsOfBatch, putFlows, sealFlows } from './flow-chunks.ts';
import { foldAlert, newTally, putAlert, sealSummary, summaryRows } from './fold.ts';
import type { Store, Tally } from './fold.ts';
import { acknowledgeGaps, addGap, countOf, gapsOfBatch, sealGaps } from './gaps.ts';
import { AlertRedactor } from './redact.ts';
import type { RedactRules } from './redact.ts';
import { prepareStatements, toAlertRow } from './rows.ts';
import type { AlertRow } from './rows.ts';
import { lastAcknowledgedNs, toNs } from './salvage.ts';
import { prepareFile, setAside } from './set-aside.ts';
import { summaryId } from './summary.ts';
import { openTables } from './tables.ts';

export const BATCH_ALERTS_MAX = 50;
export const BATCH_BYTES_MAX = 1_024 * 1_024;
export const OUTBOX_BYTES_MAX = 256 * 1_024 * 1_024;
/** The bound is the file's; SQLite's log and indexes have their share of it. */
const FILE_OVERHEAD_BYTES = 8 * 1_024 * 1_024;
export const OUTBOX_BYTES_MIN = 2 * FILE_OVERHEAD_BYTES;

const SEVERE_RANK = severities.indexOf('high');
/** What is severe does not wait for flows to be stored with it, unless they wait for long. */
const FLOWS_PATIENT_MAX = 16;

export type OutboxOptions = {
  readonly path: string;
  readonly cluster: string;
  readonly node: string;
  readonly newEpoch: () => string;
  /** Time of day. */
  readonly nowNs: () => bigint;
  readonly redact: RedactRules;
  readonly bytesMax?: number;
  /** The file was broken and is set aside; what it held is lost. */
  readonly onReplaced: (failure: OutboxFailure) => void;
};

export type Batch = {
  readonly epoch: string;
  readonly sequence: number;
  readonly alerts: readonly Alert[];
  readonly gaps: readonly GapRecord[];
  readonly flows?: FlowChunk;
};

export type Acknowledged =
  | { readonly ok: true; readonly alerts: number }
  /** `ahead`: a sequence never given out, so this file is older than what the collector saw. */
  | { readonly ok: false; readonly reason: 'other-epoch' | 'ahead' };

export type OutboxCounts = Readonly<Tally> & {
  readonly replaced: number;
  /** Gap records of cause `outbox-lost` that were made here. */
  readonly losses: number;
  readonly bytesMax: number;
};

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #redactor: AlertRedactor;
  readonly #bytesMax: number;
  #database!: DatabaseSync;
  #store!: Store;
  #epoch = '';
  #nextSequence = 1;
  /** When everything up to some sequence was acknowledged, or else when the file was begun. */
  #acknowledgedNs = 0n;
  #replaced = 0;
  #losses = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#redactor = new AlertRedactor(options.redact);
    const bytesMax = options.bytesMax ?? OUTBOX_BYTES_MAX;
    assert(bytesMax >= OUTBOX_BYTES_MIN, `bytesMax is at least ${OUTBOX_BYTES_MIN}`);
    this.#bytesMax = bytesMax - FILE_OVERHEAD_BYTES;
    try {
      this.#open();
    } catch (error) {
      const failure = failureOf(error);
      if (failure === null) throw error;
      if (failure.code !== 'outbox-corrupt') {
        const { path } = this.#options;
        throw new OutboxFailure(failure.code, { cause: failure.cause, path });
      }
      this.#replace(failure, lastAcknowledgedNs(this.#options.path));
    }
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** There is something for `seal` to take. */
  hasUnsealed(): boolean {
    return this.#guard(() => {
      const { statements } = this.#store;
      return statements.foldable.get(1) !== undefined ||
        statements.openGaps.get(1) !== undefined || summaryRows(statements) > 0 ||
        countOf(statements.openFlows) > 0;
    });
  }

  /** Nothing is left that the collector does not have. */
  isEmpty(): boolean {
    const { pending, gaps, flows } = this.#store.tally;
    const isNone = pending === 0 && gaps.pending === 0 && flows.pending === 0;
    return isNone && !this.hasUnsealed();
  }

  /** Redacts and stores; returns when it is on disk. Throws `OutboxFailure` with nothing stored. */
  put(alerts: readonly Alert[]): void {
    if (alerts.length === 0) return;
    this.#transact(() => {
      for (const alert of alerts) putAlert(this.#store, this.#redactor.redact(alert));
    });
  }

  /** On disk when it returns; beyond the share of the file the oldest minutes go. */
  putFlows(chunks: readonly FlowChunk[]): void {
    if (chunks.length === 0) return;
    this.#transact(() => {
      for (const chunk of chunks) putFlows(this.#store, chunk);
    });
  }

  /** The next batch, or null when nothing waits. */
  seal(): Batch | null {
    return this.#transact(() => {
      const { cluster, node } = this.#options;
      const { statements } = this.#store;
      const sequence = this.#nextSequence;
      // Its place is kept, so that it never waits behind others and is folded itself.
      const rows = this.#nextRows(BATCH_ALERTS_MAX - (summaryRows(statements) > 0 ? 1 : 0));
      for (const { row } of rows) statements.seal.run(sequence, row);
      const id = summaryId(this.#epoch, sequence);
      sealSummary(this.#store, sequence, { id, cluster, node });
      sealGaps(statements, sequence);
      const isSevere = rows.some(({ rank }) => rank >= SEVERE_RANK);
      if (!isSevere || countOf(statements.openFlows) >= FLOWS_PATIENT_MAX) {
        sealFlows(statements, sequence);
      }
      const batch = this.#batch(sequence);
      const { alerts, gaps, flows } = batch;
      if (alerts.length === 0 && gaps.length === 0 && flows === undefined) return null;
      this.#setSequence(sequence + 1);
      return batch;
    });
  }

  /** Sealed and not acknowledged, in order. */
  batchesAfter(sequence: number, limit: number): readonly Batch[] {
    return this.#guard(() => {
      const { statements } = this.#store;
      const rows = statements.sequences.all(sequence, limit);
      return rows.map((row) => this.#batch(Number(row['sequence'])));
    });
  }

  #batch(sequence: number): Batch {
    const { statements } = this.#store;
    const { cluster, node } = this.#options;
    const rows = statements.batch.all(sequence);
    return {
      epoch: this.#epoch,
      sequence,
      // All of them are this node's. One stored under a name that was since changed in the settings
      // would be another node's to the collector, which ends the link for it, again and again.
      alerts: rows.map(({ document }) => {
        const alert = JSON.parse(String(document)) as Alert;
        return { ...alert, cluster, node };
      }),
      gaps: gapsOfBatch(statements, sequence),
      ...flowsOfBatch(statements, sequence),
    };
  }

  acknowledge(epoch: string, sequence: number): Acknowledged {
    if (epoch !== this.#epoch) return { ok: false, reason: 'other-epoch' };
    if (sequence >= this.#nextSequence) return { ok: false, reason: 'ahead' };
    return this.#transact(() => {
      const { statements, tally } = this.#store;
      const totals = statements.acknowledged.get(sequence);
      const alerts = Number(totals?.['count'] ?? 0);
      this.#setAcknowledged();
      acknowledgeGaps(this.#store, sequence);
      acknowledgeFlows(this.#store, sequence);
      statements.acknowledge.run(sequence);
      tally.pending -= alerts;
      tally.bytes -= Number(totals?.['bytes'] ?? 0);
      tally.acknowledged += alerts;
      return { ok: true, alerts };
    });
  }

  /**
   * This is an old copy of the file: the collector has more than it ever gave out, and what the
   * other one held is lost. Everything is to be sent anew under a new epoch; only the newest
   * revisions stay.
   */
  renewEpoch(): void {
    this.#transact(() => {
      const { statements, tally } = this.#store;
      const removed = statements.removeOlderRevisions.run();
      tally.superseded += Number(removed.changes);
      statements.unsealAll.run();
      statements.unsealGaps.run();
      dropFlows(this.#store, 'all');
      const { count, bytes } = totalsOf(statements.totals);
      tally.pending = count;
      tally.bytes = bytes;
      this.#addLoss(this.#acknowledgedNs);
      this.#begin(this.#options.newEpoch());
    });
  }

  /** A batch that cannot be sent: its alerts become counts, its flows a gap; its own gaps stay. */
  foldBatch(sequence: number): void {
    this.#transact(() => {
      const { statements } = this.#store;
      for (const found of statements.rowsOfBatch.all(sequence)) {
        foldAlert(this.#store, toAlertRow(found));
      }
      dropFlows(this.#store, { sequence });
    });
  }

  /** On disk when it returns, like an alert. */
  addGap(gap: GapRecord): void {
    this.#transact(() => addGap(this.#store, gap));
  }

  counts(): OutboxCounts {
    return {
      ...structuredClone(this.#store.tally),
      replaced: this.#replaced,
      losses: this.#losses,
      bytesMax: this.#bytesMax,
    };
  }

  close(): void {
    this.#database.close();
  }

  #nextRows(max: number): readonly AlertRow[] {
    const rows: AlertRow[] = [];
    let bytes = 0;
    for (let rank = severities.length - 1; rank >= 0; rank -= 1) {
      const left = max - rows.length;
      if (left === 0) break;
      for (const found of this.#store.statements.nextOfRank.all(rank, left)) {
        const row = toAlertRow(found);
        bytes += row.bytes;
        if (rows.length > 0 && bytes > BATCH_BYTES_MAX) return rows;
        rows.push(row);
      }
    }
    return rows;
  }

  #open(): void {
    prepareFile(this.#options.path);
    const { database, isNew } = openTables(this.#options.path);
    this.#database = database;
    const statements = prepareStatements(database);
    const tally = newTally(
      totalsOf(statements.totals),
      countOf(statements.gapCount),
      totalsOf(statements.flowTotals),
    );
    this.#store = { statements, bytesMax: this.#bytesMax, tally };
    const epoch = statements.getMeta.get('epoch')?.['value'];
    const next = Number(statements.getMeta.get('next_sequence')?.['value']);
    const acknowledged = statements.getMeta.get('acknowledged_ns')?.['value'];
    if (isNew || typeof epoch !== 'string' || !Number.isSafeInteger(next)) {
      this.#begin(this.#options.newEpoch());
      return;
    }
    this.#epoch = epoch;
    this.#nextSequence = next;
    this.#acknowledgedNs = toNs(acknowledged) ?? this.#options.nowNs();
  }

  #begin(epoch: string): void {
    this.#epoch = epoch;
    this.#store.statements.setMeta.run('epoch', epoch);
    this.#setSequence(1);
    this.#setAcknowledged();
  }

  #setAcknowledged(): void {
    this.#acknowledgedNs = this.#options.nowNs();
    this.#store.statements.setMeta.run('acknowledged_ns', String(this.#acknowledgedNs));
  }

  #addLoss(sinceNs: bigint): void {
    const nowNs = this.#options.nowNs();
    addGap(this.#store, {
      from: rfc3339(sinceNs < nowNs ? sinceNs : nowNs),
      to: rfc3339(nowNs),
      cause: 'outbox-lost',
      eventsEstimate: -1,
    });
    this.#losses += 1;
  }

  #setSequence(next: number): void {
    this.#nextSequence = next;
    this.#store.statements.setMeta.run('next_sequence', String(next));
  }

  #replace(failure: OutboxFailure, sinceNs: bigint | null): void {
    setAside(this.#options.path);
    this.#replaced += 1;
    try {
      this.#open();
      this.#addLoss(sinceNs ?? this.#options.nowNs());
    } catch (error) {
      throw failureOf(error) ?? error;
    }
    this.#options.onReplaced(failure);
  }

  #transact<T>(work: () => T): T {
    return this.#guard(() => {
      const tally = structuredClone(this.#store.tally);
      const epoch = this.#epoch;
      const nextSequence = this.#nextSequence;
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#database.exec('COMMIT');
        return result;
      } catch (error) {
        this.#store.tally = tally;
        this.#epoch = epoch;
        this.#nextSequence = nextSequence;
        // After the worst errors SQLite has rolled back by itself.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** A file that turns out broken while in use is replaced, and the work done on the new one. */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const failure = failureOf(error);
      if (failure === null) throw error;
      if (failure.code !== 'outbox-corrupt') throw failure;
      this.#database.close();
      this.#replace(failure, this.#acknowledgedNs);
      try {
        return work();
      } catch (again) {
        throw failureOf(again) ?? again;
      }
    }
  }
}

function totalsOf(statement: StatementSync): { readonly count: number; readonly bytes: number } {
  const totals = statement.get();
  return { count: Number(totals?.['count'] ?? 0), bytes: Number(totals?.['bytes'] ?? 0) };
}
