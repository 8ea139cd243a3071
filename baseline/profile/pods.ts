/**
 * The pods of one image as evidence: when each was seen, for how many windows, and whether its
 * start was. Numbers of one pod only grow on the one agent that sees it, so that merging takes the
 * larger. What the fleet tells is kept apart by who reported it: nobody can add to another's.
 *
 * Bound: `PODS_MAX` pods of ours and as many rows of the fleet's; those seen last stay.
 */

export const PODS_MAX = 2048;
/** The pods of a first rollout start within this of each other: one start, seen many times. */
const RESTART_AFTER_MS = 90_000;

export type PodSpan = {
  firstMs: number;
  lastMs: number;
  windows: number;
  /** Windows with events in them, which rates are counted over; the others were silent. */
  counted: number;
  observations: number;
  /** What made the pod: `namespace/name`, empty outside Kubernetes. */
  workload: string;
  /** When its entry point was last seen to start; 0 when it ran before anybody looked. */
  startedMs: number;
};

export type PodRow = PodSpan & { readonly pod: number; readonly reporter: number };

/** Rows without a reporter are our own. */
export const NOBODY = 0;

export class Pods {
  readonly own = new Map<number, PodSpan>();
  readonly fleet = new Map<string, PodRow>();
  readonly #known = new Set<number>();
  /** Pod-windows of all pods, of ours alone, and those of all with events. */
  windows = 0;
  ownWindows = 0;
  counted = 0;
  firstMs = Number.POSITIVE_INFINITY;
  lastMs = 0;
  #starts: number | null = null;

  /** Different pods that are known of. */
  get size(): number {
    return this.#known.size;
  }

  /** Our own pod's; made when it is seen first. */
  ensure(pod: number, ms: number): PodSpan {
    const known = this.own.get(pod);
    if (known !== undefined) return known;
    const span = {
      firstMs: ms, lastMs: ms, windows: 0, counted: 0, observations: 0, workload: '', startedMs: 0,
    };
    if (this.own.size >= PODS_MAX) this.#forgetOne();
    this.own.set(pod, span);
    this.#known.add(pod);
    return span;
  }

  /** `counted` of the windows had events in them. */
  addWindows(
    pod: number,
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
    count: number,
    counted: number,
  ): void {
    const span = this.ensure(pod, fromMs);
    span.windows += count;
    span.counted += counted;
    this.counted += counted;
    if (toMs > span.lastMs) span.lastMs = toMs;
    this.windows += count;
    this.ownWindows += count;
    this.#reach(fromMs, toMs);
  }

  /** Takes in rows that the fleet told. No pod has more windows than fit into its life. */
  tell(rows: Iterable<PodRow>, windowMs: number | null = null): void {
    for (const told of rows) {
      const row = windowMs === null ? told : plausible(told, windowMs);
      const key = `${row.reporter}/${row.pod}`;
      const known = this.fleet.get(key);
      const { pod, reporter } = row;
      this.fleet.set(key, known === undefined ? row : { ...joinSpans(known, row), pod, reporter });
    }
    trim(this.fleet, PODS_MAX);
    this.#known.clear();
    this.#starts = null;
    this.windows = 0;
    this.counted = 0;
    for (const pod of this.own.keys()) this.#known.add(pod);
    for (const { pod } of this.fleet.values()) this.#known.add(pod);
    for (const span of this.spans().values()) {
      this.windows += span.windows;
      this.counted += span.counted;
      if (span.windows > 0) this.#reach(span.firstMs, span.lastMs);
    }
  }

  /** Each pod once, all that is known of it; without what one reporter alone says if so asked. */
  spans(without: number | null = null): Map<number, PodSpan> {
    const spans = new Map<number, PodSpan>(this.own);
    for (const row of this.fleet.values()) {
      if (row.reporter === without) continue;
      const known = spans.get(row.pod);
      spans.set(row.pod, known === undefined ? row : joinSpans(known, row));
    }
    return spans;
  }

  /** The pods of one workload alone. */
  of(workload: string): Pods {
    const part = new Pods();
    for (const [pod, span] of this.own) {
      if (span.workload === workload) part.own.set(pod, { ...span });
    }
    part.tell([...this.fleet.values()].filter((row) => row.workload === workload));
    return part;
  }

  noteStart(pod: number, ms: number): void {
    const span = this.ensure(pod, ms);
    if (ms > span.startedMs) span.startedMs = ms;
    this.#starts = null;
  }

  /** Pods whose start was seen. */
  get starts(): number {
    if (this.#starts !== null) return this.#starts;
    this.#starts = 0;
    for (const { startedMs } of this.spans().values()) if (startedMs > 0) this.#starts += 1;
    return this.#starts;
  }

  #reach(fromMs: number, toMs: number): void {
    if (fromMs < this.firstMs) this.firstMs = fromMs;
    if (toMs > this.lastMs) this.lastMs = toMs;
  }

  #forgetOne(): void {
    const [pod] = [...this.own].reduce((a, b) => (isOlder(a, b) ? a : b));
    this.own.delete(pod);
    this.#known.delete(pod);
  }
}

/** Starts after the image was known for a while: a start-up that was seen more than once. */
export function restartsIn(spans: ReadonlyMap<number, PodSpan>, firstMs: number): number {
  let restarts = 0;
  for (const { startedMs } of spans.values()) {
    if (startedMs > firstMs + RESTART_AFTER_MS) restarts += 1;
  }
  return restarts;
}

/** A pod has one workload; where two claim it, the choice must not depend on the order. */
function largest(a: string, b: string): string {
  return a >= b ? a : b;
}

function joinSpans(a: PodSpan, b: PodSpan): PodSpan {
  return {
    firstMs: Math.min(a.firstMs, b.firstMs),
    lastMs: Math.max(a.lastMs, b.lastMs),
    windows: Math.max(a.windows, b.windows),
    counted: Math.max(a.counted, b.counted),
    observations: Math.max(a.observations, b.observations),
    workload: largest(a.workload, b.workload),
    startedMs: Math.max(a.startedMs, b.startedMs),
  };
}

function plausible(row: PodRow, windowMs: number): PodRow {
  const most = Math.ceil((row.lastMs - row.firstMs) / windowMs) + 1;
  return { ...row, windows: Math.min(row.windows, most), counted: Math.min(row.counted, most) };
}

function seenMs({ firstMs, lastMs, startedMs }: PodSpan): number {
  return Math.max(firstMs, lastMs, startedMs);
}

function isOlder<K>([a, x]: readonly [K, PodSpan], [b, y]: readonly [K, PodSpan]): boolean {
  const difference = seenMs(x) - seenMs(y);
  return difference === 0 ? a < b : difference < 0;
}

/** Keeps the rows that were seen last. */
function trim(rows: Map<string, PodRow>, max: number): void {
  if (rows.size <= max) return;
  const oldest = [...rows].sort((a, b) => (isOlder(a, b) ? -1 : 1)).slice(0, rows.size - max);
  for (const [key] of oldest) rows.delete(key);
}
