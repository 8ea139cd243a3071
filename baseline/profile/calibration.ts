import { support, type PodSet } from './pod-set.ts';
import { windowOffset } from './window-offset.ts';

/**
 * How much new a window of this channel brings: leave-one-pod-out. For each pod, what no other pod
 * has ever shown is what would have been new had it come last; it counts for the pod's window in
 * which it was seen first, once per group (operation and directory). A window with k new groups has
 * p = (1 + #{windows with ≥ k}) / (W + 1), valid while pods are exchangeable. A function of the
 * evidence alone, so that merging profiles merges their calibration.
 *
 * They are not exchangeable right after an upgrade, so a child starts from its parent's rate,
 * weighted as 50 windows: (V + 50 · p_parent) / (W + 50).
 */

export const NOVEL_GROUPS_MAX = 8;
const PARENT_WINDOWS = 50;

export type Sighted = {
  readonly pods: PodSet;
  readonly firstMs: number;
  readonly group: string;
};

export class Calibration {
  readonly windows: number;
  /** `atLeast[k]`: windows with k or more new groups, k ≤ NOVEL_GROUPS_MAX. */
  readonly atLeast: readonly number[];

  constructor(items: Iterable<Sighted>, windows: number, windowMs: number) {
    const groups = new Map<string, Set<string>>();
    for (const { pods, firstMs, group } of items) {
      const [pod] = pods;
      if (support(pods) !== 1 || pod === undefined) continue;
      const index = Math.floor((firstMs - windowOffset(pod, windowMs)) / windowMs);
      const window = `${pod}/${index}`;
      const known = groups.get(window) ?? new Set();
      groups.set(window, known);
      if (known.size < NOVEL_GROUPS_MAX) known.add(group);
    }
    const atLeast = new Array<number>(NOVEL_GROUPS_MAX + 1).fill(0);
    for (const { size } of groups.values()) {
      for (let k = 1; k <= size; k += 1) atLeast[k] = (atLeast[k] ?? 0) + 1;
    }
    this.atLeast = atLeast;
    // What a window taught that did not count (a gap) is still a window that brought something.
    this.windows = Math.max(windows, atLeast[1] ?? 0);
  }

  pValue(novelGroups: number, parent: Calibration | null): number {
    if (novelGroups <= 0) return 1;
    const k = Math.min(novelGroups, NOVEL_GROUPS_MAX);
    const seen = this.atLeast[k] ?? 0;
    if (parent === null || parent.windows === 0) return (1 + seen) / (this.windows + 1);
    const prior = parent.pValue(novelGroups, null);
    return (seen + PARENT_WINDOWS * prior) / (this.windows + PARENT_WINDOWS);
  }
}
