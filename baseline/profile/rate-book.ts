import type { PodSpan } from './pods.ts';
import type { RateStats } from './rates.ts';

/**
 * How often each pod did something per window. Kept per pod, so that what several agents count
 * adds up however it is merged; pooled when it is asked for. Windows in which a pod did none of it
 * need no row: they are the pod's windows without those in the row.
 *
 * Bounds: `RATES_MAX` features, of each the `RATE_PODS_MAX` pods with the smallest hashes, which
 * are a fair sample of all; windows of other pods do not count for it then.
 */

export const RATES_MAX = 64;
export const RATE_PODS_MAX = 32;

/** Windows with some, their sum, sum of squares, maximum; each only grows on the pod's agent. */
export type RateRow = readonly [windows: number, sum: number, squares: number, max: number];

const NONE: RateRow = [0, 0, 0, 0];
const NO_ROWS: ReadonlyMap<number, RateRow> = new Map();

export class RateBook {
  readonly #features = new Map<string, Map<number, RateRow>>();

  get features(): ReadonlyMap<string, ReadonlyMap<number, RateRow>> {
    return this.#features;
  }

  get size(): number {
    return this.#features.size;
  }

  add(feature: string, pod: number, count: number): void {
    const rows = this.#rows(feature);
    if (rows === null) return;
    const [windows, sum, squares, max] = rows.get(pod) ?? NONE;
    rows.set(pod, [windows + 1, sum + count, squares + count * count, Math.max(max, count)]);
    trim(rows);
  }

  tell(feature: string, pod: number, row: RateRow): void {
    const rows = this.#rows(feature);
    if (rows === null) return;
    rows.set(pod, joinRows(rows.get(pod) ?? NONE, row));
    trim(rows);
  }

  rowsOf(feature: string): ReadonlyMap<number, RateRow> {
    return this.#features.get(feature) ?? NO_ROWS;
  }

  #rows(feature: string): Map<number, RateRow> | null {
    const known = this.#features.get(feature);
    if (known !== undefined) return known;
    if (this.#features.size >= RATES_MAX) return null;
    const rows = new Map<number, RateRow>();
    this.#features.set(feature, rows);
    return rows;
  }
}

/** Both count the same windows of the same pod: whoever counted more windows is the newer. */
function joinRows(a: RateRow, b: RateRow): RateRow {
  return [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/** Own and told, pooled over pods; undefined when nobody ever did it. */
export function pooledRate(
  feature: string,
  books: readonly RateBook[],
  spans: ReadonlyMap<number, PodSpan>,
): RateStats | undefined {
  const rows = new Map<number, RateRow>();
  for (const book of books) {
    for (const [pod, row] of book.rowsOf(feature)) {
      rows.set(pod, joinRows(rows.get(pod) ?? NONE, row));
    }
  }
  if (rows.size === 0) return undefined;
  while (rows.size > RATE_PODS_MAX) trim(rows);
  const stats = { windows: 0, sum: 0, squares: 0, max: 0 };
  const largest = rows.size < RATE_PODS_MAX ? Number.POSITIVE_INFINITY : Math.max(...rows.keys());
  for (const [pod, [windows, sum, squares, max]] of rows) {
    // A pod that is no longer known had at least the windows in which it did it.
    if (!spans.has(pod)) stats.windows += windows;
    stats.sum += sum;
    stats.squares += squares;
    stats.max = Math.max(stats.max, max);
  }
  for (const [pod, { counted }] of spans) if (pod <= largest) stats.windows += counted;
  return stats;
}

function trim(rows: Map<number, RateRow>): void {
  if (rows.size <= RATE_PODS_MAX) return;
  rows.delete(Math.max(...rows.keys()));
}
