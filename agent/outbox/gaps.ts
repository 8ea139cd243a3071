import type { StatementSync } from 'node:sqlite';
import { GAPS_PER_BATCH_MAX } from '../../proto/lanner/v1/bounds.ts';
import type { GapRecord } from '../../proto/lanner/v1/frames.ts';
import { foldGaps } from './fold-gaps.ts';
import type { Statements } from './rows.ts';

/**
 * Holes in the picture: rows like alerts, sealed into a batch and acknowledged with it. Not sealed
 * are at most `GAPS_MAX` (beyond, neighbours become one), sealed are at most the link's window of
 * batches with `GAPS_PER_BATCH_MAX` each. They are not charged to the bound of the file, so that a
 * file full of alerts still takes them.
 */
export const GAPS_MAX = 256;

/** Identity: found + accepted = acknowledged + folded + pending. */
export type GapTally = {
  found: number;
  accepted: number;
  acknowledged: number;
  /** Became part of a wider one. */
  folded: number;
  pending: number;
};

export const newGapTally = (found: number): GapTally => ({
  found,
  accepted: 0,
  acknowledged: 0,
  folded: 0,
  pending: found,
});

export type GapStore = { readonly statements: Statements; readonly tally: { gaps: GapTally } };

export function addGap({ statements, tally }: GapStore, gap: GapRecord): void {
  insert(statements, gap);
  tally.gaps.accepted += 1;
  tally.gaps.pending += 1;
  const open = statements.openGaps.all(GAPS_MAX + 1).map(toGapRow);
  if (open.length <= GAPS_MAX) return;
  const folded = foldGaps(open.map(({ gap: one }) => one), GAPS_MAX);
  statements.removeOpenGaps.run();
  for (const one of folded) insert(statements, one);
  tally.gaps.folded += open.length - folded.length;
  tally.gaps.pending -= open.length - folded.length;
}

/** How many go into the batch. */
export function sealGaps(statements: Statements, sequence: number): readonly GapRecord[] {
  const rows = statements.openGaps.all(GAPS_PER_BATCH_MAX).map(toGapRow);
  for (const { row } of rows) statements.sealGap.run(sequence, row);
  return rows.map(({ gap }) => gap);
}

export function gapsOfBatch(statements: Statements, sequence: number): readonly GapRecord[] {
  return statements.gapsOfBatch.all(sequence).map((row) => toGapRow(row).gap);
}

export function acknowledgeGaps({ statements, tally }: GapStore, sequence: number): void {
  const removed = Number(statements.acknowledgeGaps.run(sequence).changes);
  tally.gaps.acknowledged += removed;
  tally.gaps.pending -= removed;
}

export const countOf = (statement: StatementSync): number =>
  Number(statement.get()?.['count'] ?? 0);

function insert(statements: Statements, { from, to, cause, eventsEstimate }: GapRecord): void {
  statements.addGap.run(from, to, cause, eventsEstimate);
}

function toGapRow(row: Record<string, unknown>): { readonly row: number; readonly gap: GapRecord } {
  return {
    row: Number(row['row']),
    gap: {
      from: String(row['from_time']),
      to: String(row['to_time']),
      // The table's own check holds it to the causes.
      cause: String(row['cause']) as GapRecord['cause'],
      eventsEstimate: Number(row['events_estimate']),
    },
  };
}
