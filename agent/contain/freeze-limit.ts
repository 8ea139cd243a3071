/**
 * Which pods this agent holds frozen, and the way out when the collector is gone: the collector
 * ends a freeze when its time is over, but one that is lost with a data centre never will. Where
 * `freezeSecondsMax` is set, a pod that is frozen for longer is thawed if the collector is away at
 * that moment; if it is there, it has decided that the pod stays frozen.
 *
 * Not written to disk: what is frozen is seen in the cgroups. After a restart the time starts anew.
 */
import type { Target } from './target.ts';

export const FROZEN_MAX = 1_024;

type Frozen = { readonly target: Target; sinceMs: number };

export class FreezeLimit {
  readonly #frozen = new Map<string, Frozen>();
  readonly #limitMs: number;

  /** 0 for no limit. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  get size(): number {
    return this.#frozen.size;
  }

  targets(): readonly Target[] {
    return [...this.#frozen.values()].map(({ target }) => target);
  }

  /** A pod that is frozen again keeps its time. Beyond the bound the oldest is forgotten. */
  frozen(target: Target, nowMs: number): void {
    const key = keyOf(target);
    if (this.#frozen.has(key)) return;
    if (this.#frozen.size >= FROZEN_MAX) {
      const oldest = this.#frozen.keys().next().value;
      if (oldest !== undefined) this.#frozen.delete(oldest);
    }
    this.#frozen.set(key, { target, sinceMs: nowMs });
  }

  /** A pod that is thawed as a whole takes its containers with it. */
  thawed(target: Target): void {
    const key = keyOf(target);
    for (const [other, { target: { podUid } }] of this.#frozen) {
      const isPart = target.containerId === '' && podUid === target.podUid;
      if (other === key || isPart) this.#frozen.delete(other);
    }
  }

  /** Those to thaw now. Each is told again after another whole limit, should the thaw fail. */
  overdue(nowMs: number, isCollectorThere: boolean): readonly Target[] {
    if (this.#limitMs === 0 || isCollectorThere) return [];
    const overdue: Target[] = [];
    for (const frozen of this.#frozen.values()) {
      if (nowMs - frozen.sinceMs < this.#limitMs) continue;
      frozen.sinceMs = nowMs;
      overdue.push(frozen.target);
    }
    return overdue;
  }
}

const keyOf = ({ podUid, containerId }: Target): string => `${podUid} ${containerId.slice(0, 12)}`;
