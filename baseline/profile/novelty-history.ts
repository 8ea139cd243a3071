/**
 * How many new things a window of this channel used to bring, counted one per group (operation and
 * directory) before each was learned. p for a window with k new groups is the share of past windows
 * with at least as many: (1 + #{≥ k}) / (W + 1), valid while windows are exchangeable.
 *
 * They are not right after an upgrade, so a child starts from its parent's rate, weighted as 50
 * windows: (V + 50 · p_parent) / (W + 50).
 */

export const NOVEL_GROUPS_MAX = 8;
const PARENT_WINDOWS = 50;

export class NoveltyHistory {
  windows = 0;
  /** `atLeast[k]`: windows with k or more new groups, k ≤ NOVEL_GROUPS_MAX. */
  readonly atLeast: number[] = new Array<number>(NOVEL_GROUPS_MAX + 1).fill(0);

  add(novelGroups: number): void {
    this.windows += 1;
    const top = Math.min(novelGroups, NOVEL_GROUPS_MAX);
    for (let k = 1; k <= top; k += 1) this.atLeast[k] = (this.atLeast[k] ?? 0) + 1;
  }

  pValue(novelGroups: number, parent: NoveltyHistory | null): number {
    if (novelGroups <= 0) return 1;
    const k = Math.min(novelGroups, NOVEL_GROUPS_MAX);
    const seen = this.atLeast[k] ?? 0;
    if (parent === null || parent.windows === 0) return (1 + seen) / (this.windows + 1);
    const prior = parent.pValue(novelGroups, null);
    return (seen + PARENT_WINDOWS * prior) / (this.windows + PARENT_WINDOWS);
  }
}
