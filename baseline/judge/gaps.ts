/**
 * The stretches of time of which this node's events were lost. A window that a gap touches is no
 * clean unit and no count of anything: not having seen is not the same as not having been.
 *
 * Bound: `GAPS_MAX` stretches; when there are more, the two oldest become one that spans both,
 * which claims less than was seen, never more.
 */

export const GAPS_MAX = 64;

type Gap = { fromMs: number; toMs: number };

export class Gaps {
  /** In order of time, without overlaps. */
  #gaps: Gap[] = [];

  note(fromMs: number, toMs: number): void {
    const gap = { fromMs: Math.min(fromMs, toMs), toMs: Math.max(fromMs, toMs) };
    const apart = this.#gaps.filter(({ fromMs: from, toMs: to }) => {
      if (to < gap.fromMs || from > gap.toMs) return true;
      gap.fromMs = Math.min(gap.fromMs, from);
      gap.toMs = Math.max(gap.toMs, to);
      return false;
    });
    apart.push(gap);
    apart.sort((a, b) => a.fromMs - b.fromMs);
    const [first, second] = apart;
    if (apart.length > GAPS_MAX && first !== undefined && second !== undefined) {
      apart.splice(0, 2, { fromMs: first.fromMs, toMs: second.toMs });
    }
    this.#gaps = apart;
  }

  /** Whether something was lost in [fromMs, toMs). */
  touch(fromMs: number, toMs: number): boolean {
    return this.#gaps.some((gap) => gap.fromMs < toMs && gap.toMs >= fromMs);
  }

  /** How many of the windows that begin from `fromMs` to before `toMs` a gap touches. */
  windows(fromMs: number, toMs: number, windowMs: number): number {
    let touched = 0;
    for (let ms = fromMs; ms < toMs; ms += windowMs) {
      if (this.touch(ms, ms + windowMs)) touched += 1;
    }
    return touched;
  }
}
