import type { Statements } from './rows.ts';

/**
 * Holes in the picture, kept until the collector has surely got them. Few and small; full, the
 * oldest goes and is counted, because a newer one tells the same story.
 */
export const GAPS_MAX = 256;

export type StoredGap = { readonly row: number; readonly document: unknown };

/** How many had to go. */
export function addGap(statements: Statements, document: unknown): number {
  const rows = statements.gaps.all(GAPS_MAX);
  const oldest = rows[0];
  const isFull = rows.length >= GAPS_MAX && oldest !== undefined;
  if (isFull) statements.removeGap.run(Number(oldest['row']));
  statements.addGap.run(JSON.stringify(document));
  return isFull ? 1 : 0;
}

export function readGaps(statements: Statements): readonly StoredGap[] {
  return statements.gaps.all(GAPS_MAX).map((row) => ({
    row: Number(row['row']),
    document: JSON.parse(String(row['document'])) as unknown,
  }));
}
