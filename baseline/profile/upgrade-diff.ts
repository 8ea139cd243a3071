import type { Behaviour } from '../behaviour/behaviour.ts';
import type { Observation } from '../observation.ts';
import { mergeHashes, REPORTERS_MAX, type HashSet } from './pod-set.ts';

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
/** Two are enough to share; more are kept so that merging does not depend on order. */
export const CANDIDATE_PODS_MAX = 8;
/** From a shell's start to what gives it away: under a second in the recorded attacks. */
const SUSPICION_BACK_MS = 5_000;

export type Candidate = {
  readonly behaviour: Behaviour;
  /** Null when another node saw it: nothing to raise here, but a pod to share with. */
  observation: Observation | null;
  /** Pods of this node: hash → when it showed it first, in ms. */
  readonly pods: Map<number, number>;
  /** Pods that the fleet told of, and who did. */
  readonly told: Map<number, number>;
  reporters: HashSet;
  raised: boolean;
  suspicious: boolean;
};

/** A candidate as another node knows it. */
export type Told = Pick<Candidate, 'behaviour' | 'pods' | 'reporters' | 'raised' | 'suspicious'>;

export type UpgradeVerdict = 'wait' | 'raise' | 'shared';

export class UpgradeDiff {
  readonly #candidates = new Map<string, Candidate>();
  readonly #shared = new Map<string, Behaviour>();
  sharedDropped = 0;
  /** The observation that made the newest shared behaviour, for the record. */
  lastShared: Observation | null = null;
  readonly #isTold: (candidate: Candidate) => boolean;

  /** `isTold`: whether what the fleet told of it counts here. */
  constructor(isTold: (candidate: Candidate) => boolean = () => true) {
    this.#isTold = isTold;
  }

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
        told: new Map(),
        reporters: [],
        raised: false,
        suspicious: false,
      };
      this.#candidates.set(novelty.key, candidate);
    }
    candidate.suspicious ||= novelty.suspicious;
    candidate.observation ??= novelty.observation;
    if (!candidate.pods.has(novelty.pod)) candidate.pods.set(novelty.pod, novelty.ms);
    if (this.isShareable(candidate)) {
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

  get candidates(): ReadonlyMap<string, Candidate> {
    return this.#candidates;
  }

  /** Takes in what another node saw: pods of one version on several nodes share one diff. */
  tell(key: string, told: Told): void {
    let known = this.#candidates.get(key);
    if (known === undefined) {
      if (this.#candidates.size >= CANDIDATES_MAX) return;
      const { behaviour } = told;
      known = {
        behaviour, observation: null, pods: new Map(), told: new Map(), reporters: [],
        raised: false, suspicious: false,
      };
      this.#candidates.set(key, known);
    }
    for (const [pod, ms] of told.pods) {
      known.told.set(pod, Math.min(known.told.get(pod) ?? ms, ms));
    }
    while (known.told.size > CANDIDATE_PODS_MAX) known.told.delete(Math.max(...known.told.keys()));
    known.reporters = mergeHashes(known.reporters, told.reporters, REPORTERS_MAX);
    known.raised ||= told.raised;
    known.suspicious ||= told.suspicious;
  }

  drop(key: string): void {
    this.#candidates.delete(key);
  }

  /** Two pods showed it and nothing speaks against it. */
  isShareable(candidate: Candidate): boolean {
    const { pods, told, suspicious } = candidate;
    if (suspicious) return false;
    if (pods.size >= 2) return true;
    if (told.size === 0 || !this.#isTold(candidate)) return false;
    return new Set([...pods.keys(), ...told.keys()]).size >= 2;
  }

  /** Waiting novelties whose pod is out of its start-up, oldest first. */
  overdue(startedBeforeMs: number, startOf: (pod: number) => number): [string, Candidate][] {
    const due: [string, Candidate][] = [];
    for (const [key, candidate] of this.#candidates) {
      if (candidate.raised || candidate.observation === null) continue;
      const [pod] = candidate.pods.keys();
      if (pod !== undefined && startOf(pod) <= startedBeforeMs) due.push([key, candidate]);
    }
    return due;
  }

  share(key: string, candidate: Candidate): void {
    this.#candidates.delete(key);
    this.lastShared = candidate.observation ?? this.lastShared;
    if (this.#shared.size >= DIFF_MAX) this.sharedDropped += 1;
    else this.#shared.set(key, candidate.behaviour);
  }
}
