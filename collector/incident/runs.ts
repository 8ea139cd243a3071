/**
 * Alerts in a row: each not more than a window after one before it. Whether two alerts are in one
 * run is said by the times of the alerts between them alone, not by when they arrived, and a run
 * only grows as more arrive. So whoever comes last joins what belongs together, whatever the order.
 * (Asking how far an alert is from the *incident* that another is in, the answer would depend on
 * how far that incident had grown by then.)
 */
export type Entry = {
  readonly podKey: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly incidentId: string;
};

type Time = Pick<Entry, 'firstMs' | 'lastMs'>;

/** Of one behaviour; beyond, the one that ended longest ago is no longer found. */
const ENTRIES_PER_KEY_MAX = 200;

const isNear = (a: Time, b: Time, windowMs: number): boolean =>
  a.firstMs - b.lastMs <= windowMs && b.firstMs - a.lastMs <= windowMs;

/** All entries that are in one run with this time. */
export function runOf(entries: readonly Entry[], time: Time, windowMs: number): readonly Entry[] {
  const run: Entry[] = [];
  let rest = entries;
  let { firstMs, lastMs } = time;
  for (;;) {
    const span = { firstMs, lastMs };
    const near = rest.filter((entry) => isNear(entry, span, windowMs));
    if (near.length === 0) return run;
    run.push(...near);
    rest = rest.filter((entry) => !isNear(entry, span, windowMs));
    firstMs = Math.min(firstMs, ...near.map((entry) => entry.firstMs));
    lastMs = Math.max(lastMs, ...near.map((entry) => entry.lastMs));
  }
}

/** Alerts of one pod in a row are one entry: they are in one incident. */
export function insertEntry(
  entries: readonly Entry[],
  added: Entry,
  windowMs: number,
): readonly Entry[] {
  const own = runOf(entries.filter(({ podKey }) => podKey === added.podKey), added, windowMs);
  const joined: Entry = {
    ...added,
    firstMs: Math.min(added.firstMs, ...own.map(({ firstMs }) => firstMs)),
    lastMs: Math.max(added.lastMs, ...own.map(({ lastMs }) => lastMs)),
  };
  const others = entries.filter((entry) => !own.includes(entry));
  if (others.length < ENTRIES_PER_KEY_MAX) return [...others, joined];
  return [...others.toSorted((a, b) => a.lastMs - b.lastMs).slice(1), joined];
}
