import type { Behaviour } from '../behaviour/behaviour.ts';
import type { Observation } from '../observation.ts';

/**
 * What a new version does that its predecessor never did. What its pods share is the diff of the
 * upgrade: one record to review, learned; what only one of them does is an alert.
 *
 * A novelty of a pod's start-up waits for a second pod to show it (all of them start alike); one
 * after start-up is raised at once. When a second pod shows what was raised before, it joins the
 * diff, unless it came with something suspicious (never-learn, an address outside): two pods under
 * one attack must not teach each other.
 *
 * Bound: `CANDIDATES_MAX`; beyond it a novelty is raised instead of waiting.
 */

export const CANDIDATES_MAX = 1024;
export const DIFF_MAX = 512;
/** From a shell's start to what gives it away: under a second in the recorded attacks. */
const SUSPICION_BACK_MS = 5_000;

export type Candidate = {
  readonly behaviour: Behaviour;
  readonly observation: Observation;
  readonly pods: Map<number, number>;
  raised: boolean;
  suspicious: boolean;
};

export type UpgradeVerdict = 'wait' | 'raise' | 'shared';

export class UpgradeDiff {
  readonly #candidates = new Map<string, Candidate>();
  readonly #shared = new Map<string, Behaviour>();
  sharedDropped = 0;
  /** The observation that made the newest shared behaviour, for the record. */
  lastShared: Observation | null = null;

  get shared(): ReadonlyMap<string, Behaviour> {
    return this.#shared;
  }

  novelty(novelty: {
    readonly key: string;
    readonly behaviour: Behaviour;
    readonly observation: Observation;
    readonly pod: number;
    readonly ms: number;
    readonly inStartUp: boolean;
    readonly suspicious: boolean;
  }): UpgradeVerdict {
    let candidate = this.#candidates.get(novelty.key);
    if (candidate === undefined) {
      if (this.#candidates.size >= CANDIDATES_MAX) return 'raise';
      candidate = {
        behaviour: novelty.behaviour,
        observation: novelty.observation,
        pods: new Map(),
        raised: false,
        suspicious: false,
      };
      this.#candidates.set(novelty.key, candidate);
    }
    candidate.suspicious ||= novelty.suspicious;
    if (!candidate.pods.has(novelty.pod)) candidate.pods.set(novelty.pod, novelty.ms);
    if (candidate.pods.size >= 2 && !candidate.suspicious) {
      this.share(novelty.key, candidate);
      return 'shared';
    }
    if (novelty.inStartUp && !novelty.suspicious && !candidate.raised) return 'wait';
    candidate.raised = true;
    return 'raise';
  }

  /** What a pod showed just before an alarm belongs to it; its start-up long before does not. */
  markSuspicious(pod: number, ms: number): void {
    for (const candidate of this.#candidates.values()) {
      const shownMs = candidate.pods.get(pod);
      if (shownMs !== undefined && ms - shownMs <= SUSPICION_BACK_MS) candidate.suspicious = true;
    }
  }

  candidate(key: string): Candidate | undefined {
    return this.#candidates.get(key);
  }

  /** Waiting novelties whose pod is out of its start-up, oldest first. */
  overdue(startedBeforeMs: number, startOf: (pod: number) => number): [string, Candidate][] {
    const due: [string, Candidate][] = [];
    for (const [key, candidate] of this.#candidates) {
      if (candidate.raised) continue;
      const [pod] = candidate.pods.keys();
      if (pod !== undefined && startOf(pod) <= startedBeforeMs) due.push([key, candidate]);
    }
    return due;
  }

  share(key: string, candidate: Candidate): void {
    this.#candidates.delete(key);
    this.lastShared = candidate.observation;
    if (this.#shared.size >= DIFF_MAX) this.sharedDropped += 1;
    else this.#shared.set(key, candidate.behaviour);
  }
}
