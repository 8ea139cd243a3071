import type { GapRecord } from '../../proto/lanner/v1/frames.ts';
import { gapOf, putOf } from './puts.ts';

/**
 * What the agents said that they had raised, against what the database holds in the end: every
 * alert once, in its newest revision, or counted in a summary; every gap once. A kill may come
 * between the disk and the word, so that one put per kill may be there or not.
 */
export type StoredAlert = {
  readonly id: string;
  readonly revision: number;
  /** What a summary stands for; 0 for every other alert. */
  readonly folded: number;
};

export type StoredGap = { readonly node: string; readonly from: string; readonly to: string };

export type Judgement = {
  /** Distinct alerts that were said. */
  readonly raised: number;
  readonly stored: number;
  /** Said, not stored and in no summary's count. */
  readonly lost: number;
  /** Rows beyond one per id, and what summaries count beyond what is missing. */
  readonly doubled: number;
  /** Stored in an older revision than was said. */
  readonly stale: number;
  /** Stored and never raised. */
  readonly invented: number;
  readonly folded: number;
  readonly gaps: number;
  readonly gapsLost: number;
  readonly gapsDoubled: number;
};

export class Truth {
  readonly #raised = new Map<string, number>();
  readonly #unsure = new Set<string>();
  readonly #gaps = new Map<string, { readonly node: string; readonly gap: GapRecord }>();
  readonly #next = new Map<string, number>();

  get raisedCount(): number {
    return this.#raised.size;
  }

  /** The number that the agent's next run begins with; the one that is unsure is not used again. */
  nextOf(node: string): number {
    return this.#next.get(node) ?? 0;
  }

  raised(node: string, number: number): void {
    const { id, revision } = putOf(node, number);
    this.#raised.set(id, Math.max(revision, this.#raised.get(id) ?? 0));
    this.#next.set(node, number + 1);
  }

  noted(node: string, number: number): void {
    const gap = gapOf(number);
    if (gap !== undefined) this.#gaps.set(`${node} ${gap.from}`, { node, gap });
  }

  killed(node: string): void {
    const number = this.nextOf(node);
    this.#unsure.add(putOf(node, number).id);
    this.#next.set(node, number + 1);
  }

  judge(alerts: readonly StoredAlert[], gaps: readonly StoredGap[]): Judgement {
    const found = new Map<string, number>();
    let folded = 0;
    for (const alert of alerts) {
      folded += alert.folded;
      if (alert.folded > 0) continue;
      found.set(alert.id, Math.max(alert.revision, found.get(alert.id) ?? 0));
    }
    const said = [...this.#raised];
    const missing = said.filter(([id]) => !found.has(id)).length;
    const summaries = alerts.filter((alert) => alert.folded > 0);
    const summaryIds = new Set(summaries.map(({ id }) => id));
    return {
      raised: said.length,
      stored: found.size,
      lost: Math.max(0, missing - folded),
      doubled: alerts.length - found.size - summaryIds.size +
        Math.max(0, folded - missing - this.#unsure.size),
      stale: said.filter(([id, revision]) => (found.get(id) ?? revision) < revision).length,
      invented: [...found.keys()]
        .filter((id) => !this.#raised.has(id) && !this.#unsure.has(id)).length,
      folded,
      gaps: this.#gaps.size,
      ...this.#judgeGaps(gaps),
    };
  }

  /** A full outbox joins neighbours, so a gap may be part of a wider one. */
  #judgeGaps(rows: readonly StoredGap[]): Pick<Judgement, 'gapsLost' | 'gapsDoubled'> {
    const keys = new Set(rows.map((row) => `${row.node} ${row.from}`));
    const lost = [...this.#gaps].filter(([key, { node, gap }]) => !keys.has(key) &&
      !rows.some((row) => row.node === node && row.from <= gap.from && row.to >= gap.to));
    return { gapsLost: lost.length, gapsDoubled: rows.length - keys.size };
  }
}
