/**
 * From the baseline to the disk. While the outbox cannot be written (disk full), alerts wait in
 * memory, `ALERTS_HELD_MAX` of them and the worst longest; they count as raised when they are on
 * disk. What the bound drops is counted, per severity. So it is with gaps, but none is dropped.
 */
import { severities } from '../baseline/alert.ts';
import type { Alert, Severity } from '../baseline/alert.ts';
import type { GapRecord } from '../proto/lanner/v1/frames.ts';
import { OutboxFailure } from './outbox/failure.ts';
import { foldGaps } from './outbox/fold-gaps.ts';
import type { Outbox } from './outbox/outbox.ts';

export const ALERTS_HELD_MAX = 1_000;
/** Gaps in memory; beyond, neighbours become one. */
export const GAPS_HELD_MAX = 64;
/** Ids remembered to tell a revision from a new alert; an older one would be counted again. */
const ALERTS_KNOWN_MAX = 4_096;

export type RaisingCounts = {
  /** Alerts on disk; each counts once, whatever its revisions. */
  readonly raised: Readonly<Record<Severity, number>>;
  readonly held: number;
  readonly gapsHeld: number;
  readonly lost: Readonly<Record<Severity, number>>;
  readonly failures: number;
};

export class Raising {
  readonly #outbox: Outbox;
  readonly #onFailure: (failure: OutboxFailure) => void;
  #held: Alert[] = [];
  #gapsHeld: readonly GapRecord[] = [];
  readonly #raised = noAlerts();
  readonly #lost = noAlerts();
  #failures = 0;
  readonly #known = new Set<string>();

  constructor(outbox: Outbox, onFailure: (failure: OutboxFailure) => void) {
    this.#outbox = outbox;
    this.#onFailure = onFailure;
  }

  /** What is on disk now; empty while the outbox fails. */
  raise(alerts: readonly Alert[]): readonly Alert[] {
    this.#writeGaps();
    if (alerts.length === 0 && this.#held.length === 0) return [];
    const all = [...this.#held, ...alerts];
    if (!this.guard(() => this.#outbox.put(all))) {
      this.#hold(all);
      return [];
    }
    this.#held = [];
    for (const alert of all) this.#count(alert);
    return all;
  }

  raiseGap(gap: GapRecord): void {
    this.#gapsHeld = foldGaps([...this.#gapsHeld, gap], GAPS_HELD_MAX);
    this.#writeGaps();
  }

  #writeGaps(): void {
    for (const gap of this.#gapsHeld) {
      if (!this.guard(() => this.#outbox.addGap(gap))) return;
      this.#gapsHeld = this.#gapsHeld.slice(1);
    }
  }

  /** Writes to the outbox; false, counted and told when it cannot be written. */
  guard(write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      if (!(error instanceof OutboxFailure)) throw error;
      this.#failures += 1;
      this.#onFailure(error);
      return false;
    }
  }

  counts(): RaisingCounts {
    return {
      raised: { ...this.#raised },
      held: this.#held.length,
      gapsHeld: this.#gapsHeld.length,
      lost: { ...this.#lost },
      failures: this.#failures,
    };
  }

  /** A revision is the same alert; which one comes first is the baseline's choice. */
  #count({ id, severity }: Alert): void {
    if (this.#known.delete(id)) {
      this.#known.add(id);
      return;
    }
    this.#known.add(id);
    this.#raised[severity] += 1;
    const [oldest] = this.#known;
    if (this.#known.size > ALERTS_KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest);
  }

  #hold(alerts: readonly Alert[]): void {
    const newest = new Map<string, Alert>();
    for (const alert of alerts) newest.set(alert.id, alert);
    this.#held = [...newest.values()];
    if (this.#held.length <= ALERTS_HELD_MAX) return;
    // Stable: within one severity the oldest goes first.
    const byRank = this.#held.toSorted((left, right) => rank(right) - rank(left));
    for (const { severity } of byRank.slice(ALERTS_HELD_MAX)) this.#lost[severity] += 1;
    this.#held = byRank.slice(0, ALERTS_HELD_MAX);
  }
}

const rank = ({ severity }: Alert): number => severities.indexOf(severity);

const noAlerts = (): Record<Severity, number> => ({
  informational: 0,
  low: 0,
  medium: 0,
  high: 0,
  critical: 0,
});
