import type { Evidence, Literal, Seen } from './evidence.ts';
import { support } from './pod-set.ts';

/**
 * What one pod alone may teach: of the names that only it ever showed, the first
 * `NEW_PER_POD_AND_DAY` of each day count, per channel; a name that a second pod shows counts
 * always. So one pod that floods neither makes its names known nor directories general, and a
 * thousand files that all pods of an image read are known as soon as two have read them.
 *
 * It is a function of the merged evidence, not of the order in which a node heard of things: names
 * beyond the share are kept and travel like all others. That one pod does not fill a channel with
 * them is a second bound, `KEPT_PER_POD_AND_DAY`; only beyond it does it matter what was heard of
 * first. (With one bound of 200, counted as names were learned, two of ten profiles differed when
 * the recording was split over several agents: a web application writes 380 to 511 files as it
 * starts.)
 */

export const NEW_PER_POD_AND_DAY = 200;
/** An eighth of what a channel holds. */
export const KEPT_PER_POD_AND_DAY = 1024;
const DAY_MS = 86_400_000;

export class Share {
  /** Names that one pod alone showed first on a day. */
  readonly #alone = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#alone.size === 0;
  }

  mayKeep(pod: number, ms: number): boolean {
    return (this.#alone.get(dayOf(pod, ms)) ?? 0) < KEPT_PER_POD_AND_DAY;
  }

  /** Notes one more name of a pod alone; true when it counts. */
  add(pod: number, ms: number): boolean {
    const day = dayOf(pod, ms);
    const before = this.#alone.get(day) ?? 0;
    this.#alone.set(day, before + 1);
    return before < NEW_PER_POD_AND_DAY;
  }

  /** Notes all names of the evidence; those that do not count. */
  beyond({ families }: Evidence): ReadonlySet<Seen> {
    const days = new Map<string, Shown[]>();
    for (const { key, literals } of families.values()) {
      for (const literal of literals) {
        const { pods, firstMs } = literal.trace;
        const [pod] = pods;
        if (pod === undefined || support(pods) > 1) continue;
        const day = dayOf(pod, firstMs);
        const shown = days.get(day);
        if (shown === undefined) days.set(day, [{ key, literal }]);
        else shown.push({ key, literal });
      }
    }
    const beyond = new Set<Seen>();
    for (const [day, shown] of days) {
      this.#alone.set(day, shown.length);
      if (shown.length <= NEW_PER_POD_AND_DAY) continue;
      shown.sort(byFirst);
      for (const { literal } of shown.slice(NEW_PER_POD_AND_DAY)) beyond.add(literal);
    }
    return beyond;
  }
}

type Shown = { readonly key: string; readonly literal: Literal };

/** Those of one millisecond by hash and family, so that no two are in an order of their own. */
function byFirst(a: Shown, b: Shown): number {
  const byTime = a.literal.trace.firstMs - b.literal.trace.firstMs;
  if (byTime !== 0) return byTime;
  if (a.literal.hash !== b.literal.hash) return a.literal.hash - b.literal.hash;
  return a.key < b.key ? -1 : 1;
}

function dayOf(pod: number, ms: number): string {
  return `${pod}/${Math.floor(ms / DAY_MS)}`;
}
