import type { CountRow } from '../store/desk-face.ts';

/** Counts as a sparkline or a dashboard shows them. */
const GROUPS_MAX = 50;

export type Bucket = { readonly atMs: number; readonly count: number };
export type Counted = {
  readonly total: number;
  readonly buckets: readonly Bucket[];
  readonly groups: readonly { readonly key: string; readonly count: number;
    readonly buckets: readonly Bucket[] }[];
  readonly other: number;
};

/** An alert may be in several groups (techniques): the total is counted by itself. */
export function counted(
  rows: readonly CountRow[],
  totals: readonly CountRow[],
): Counted {
  const groups = new Map<string, CountRow[]>();
  for (const row of rows) {
    const group = groups.get(row.key);
    if (group === undefined) groups.set(row.key, [row]);
    else group.push(row);
  }
  const summed = [...groups].map(([key, own]) =>
    ({ key, count: sum(own), buckets: bucketsOf(own) }))
    .toSorted((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
  return {
    total: sum(totals),
    buckets: bucketsOf(totals),
    groups: summed.slice(0, GROUPS_MAX),
    other: sum(summed.slice(GROUPS_MAX)),
  };
}

const sum = (rows: readonly { readonly count: number }[]): number =>
  rows.reduce((total, { count }) => total + count, 0);

function bucketsOf(rows: readonly CountRow[]): readonly Bucket[] {
  const buckets = new Map<number, number>();
  for (const { atMs, count } of rows) buckets.set(atMs, (buckets.get(atMs) ?? 0) + count);
  return [...buckets].map(([atMs, count]) => ({ atMs, count }))
    .toSorted((a, b) => a.atMs - b.atMs);
}
