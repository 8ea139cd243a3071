/**
 * Which images run in which pods of this node, for the collector's record of them. Looked at every
 * `LOOK_MS` over the containers that are known, never per event. A run is told when it is new, when
 * it ends, and every `TELL_MS` while it lasts; everything that is kept is told again on a new link,
 * because reports are not acknowledged and telling twice does no harm.
 *
 * A run lasts until the exit of its entry point is seen. A container that says nothing for so long
 * that it is forgotten may well run on, and is told as running for `QUIET_MS` more: who looks for
 * what an attack may have reached is better shown one too many than one too few.
 *
 * Bounds: `RUNS_MAX` runs; full, the one that ended first goes, or else the one seen longest ago,
 * and is counted.
 */
import type { Container } from '../../baseline/observation.ts';
import { IMAGE_RUNS_PER_FRAME_MAX } from '../../proto/lanner/v1/bounds.ts';
import type { ImageRun } from '../../proto/lanner/v1/frames.ts';

export const LOOK_MS = 5_000;
export const TELL_MS = 600_000;
export const QUIET_MS = 86_400_000;
/** A link that was cut tells of what ended meanwhile. */
export const ENDED_KEPT_MS = 3_600_000;
export const RUNS_MAX = 8_192;
const NS_PER_MS = 1_000_000n;

/** What is known of a container; `identity/bindings.ts` has them. */
export type KnownContainer = {
  readonly container: Container;
  readonly isUnnamed: boolean;
  readonly lastNs: bigint;
  readonly endedNs: bigint | null;
};

type Run = {
  readonly container: Container;
  firstMs: number;
  /** Up to which it is known to have run. */
  lastMs: number;
  isEnded: boolean;
  heardMs: number;
  toldMs: number;
  isDue: boolean;
};

export class RunBook {
  readonly #runs = new Map<string, Run>();
  readonly #runsMax: number;
  /** Runs that were forgotten before their time. */
  dropped = 0;

  constructor({ runsMax = RUNS_MAX }: { readonly runsMax?: number } = {}) {
    this.#runsMax = runsMax;
  }

  get size(): number {
    return this.#runs.size;
  }

  get running(): number {
    let count = 0;
    for (const { isEnded } of this.#runs.values()) if (!isEnded) count += 1;
    return count;
  }

  /** Times are those of events. True when there is something to tell. */
  look(containers: Iterable<KnownContainer>, nowMs: number): boolean {
    const sights = sightsOf(containers, nowMs);
    for (const [key, sight] of sights) this.#see(key, sight);
    for (const [key, run] of this.#runs) {
      if (!sights.has(key)) this.#lose(key, run, nowMs);
    }
    let isNews = false;
    for (const run of this.#runs.values()) {
      if (!run.isEnded && nowMs - run.toldMs >= TELL_MS) run.isDue = true;
      if (run.isDue) isNews = true;
    }
    return isNews;
  }

  /** Of what is due, as much as fits in a frame; empty when nothing is. */
  take(nowMs: number): readonly ImageRun[] {
    const runs: ImageRun[] = [];
    for (const run of this.#runs.values()) {
      if (!run.isDue) continue;
      run.isDue = false;
      run.toldMs = nowMs;
      runs.push(toldOf(run));
      if (runs.length >= IMAGE_RUNS_PER_FRAME_MAX) break;
    }
    return runs;
  }

  tellAllAgain(): void {
    for (const run of this.#runs.values()) run.isDue = true;
  }

  #see(key: string, { container, heardMs, lastMs, isEnded }: Sight): void {
    const run = this.#runs.get(key) ?? this.#add(key, container, Math.min(heardMs, lastMs));
    run.heardMs = Math.max(run.heardMs, heardMs);
    run.lastMs = Math.max(run.lastMs, lastMs);
    if (isEnded !== run.isEnded) run.isDue = true;
    run.isEnded = isEnded;
  }

  /** No container of it is known any more: it ended some time ago, or says nothing. */
  #lose(key: string, run: Run, nowMs: number): void {
    if (run.isEnded) {
      if (nowMs - run.lastMs > ENDED_KEPT_MS && !run.isDue) this.#runs.delete(key);
    } else if (nowMs - run.heardMs > QUIET_MS) {
      run.isEnded = true;
      run.isDue = true;
    } else {
      run.lastMs = Math.max(run.lastMs, nowMs);
    }
  }

  #add(key: string, container: Container, firstMs: number): Run {
    if (this.#runs.size >= this.#runsMax) this.#dropOne();
    const run = {
      container,
      firstMs,
      lastMs: firstMs,
      isEnded: false,
      heardMs: firstMs,
      toldMs: -Infinity,
      isDue: true,
    };
    this.#runs.set(key, run);
    return run;
  }

  #dropOne(): void {
    let worst: string | null = null;
    let worstRank = Infinity;
    for (const [key, { isEnded, lastMs, heardMs }] of this.#runs) {
      // Whatever ended goes before whatever runs.
      const rank = isEnded ? lastMs - Number.MAX_SAFE_INTEGER / 2 : heardMs;
      if (rank >= worstRank) continue;
      worst = key;
      worstRank = rank;
    }
    if (worst === null) return;
    this.#runs.delete(worst);
    this.dropped += 1;
  }
}

type Sight = {
  readonly container: Container;
  heardMs: number;
  lastMs: number;
  isEnded: boolean;
};

/** A pod that starts a container again still runs its image: one that lives is enough. */
function sightsOf(containers: Iterable<KnownContainer>, nowMs: number): Map<string, Sight> {
  const sights = new Map<string, Sight>();
  for (const { container, isUnnamed, lastNs, endedNs } of containers) {
    const { repository, digest } = container.image;
    if (isUnnamed || (repository === '' && digest === '')) continue;
    const heardMs = Math.min(nowMs, Number(lastNs / NS_PER_MS));
    const isEnded = endedNs !== null;
    const lastMs = isEnded ? Math.min(nowMs, Number(endedNs / NS_PER_MS)) : nowMs;
    const key = keyOf(container);
    const known = sights.get(key);
    if (known === undefined) {
      sights.set(key, { container, heardMs, lastMs, isEnded });
    } else {
      known.heardMs = Math.max(known.heardMs, heardMs);
      known.lastMs = Math.max(known.lastMs, lastMs);
      known.isEnded = known.isEnded && isEnded;
    }
  }
  return sights;
}

/** Without Kubernetes each container stands for itself. */
const podOf = ({ podUid, id }: Container): string => (podUid === '' ? id : podUid);

function keyOf(container: Container): string {
  const { repository, tag, digest } = container.image;
  const { namespace, workload } = container;
  return JSON.stringify([podOf(container), namespace, workload, repository, tag, digest]);
}

const toldOf = ({ container, firstMs, lastMs, isEnded }: Run): ImageRun => ({
  image: container.image,
  namespace: container.namespace,
  pod: container.pod,
  podUid: podOf(container),
  workload: container.workload,
  first: Math.max(0, firstMs),
  last: Math.max(0, firstMs, lastMs),
  ended: isEnded,
});
