import type { ProfileState } from '../../baseline/alert.ts';
import type { CoveragePoint, CoverageStore, Thinning } from './fatigue-store.ts';

/**
 * How the learning of each image went, as a curve: what agents report is written down when it has
 * changed, at most once a minute, and every ten minutes when it has not. Of what is older than six
 * hours one point an hour stays, of what is older than two weeks one a day: at most
 * `POINTS_PER_PROFILE_MAX` of a profile that is reported for a year, and `POINTS_MAX` in all, of
 * which the oldest go.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const UNCHANGED_MS = 10 * MINUTE_MS;
/** Below this the curve looks the same. */
const COVERAGE_STEP = 0.001;
const PROFILES_MAX = 50_000;

export const THINNINGS: readonly Thinning[] = [
  { olderThanMs: 6 * HOUR_MS, spanMs: HOUR_MS },
  { olderThanMs: 14 * DAY_MS, spanMs: DAY_MS },
];
/** Minutes of six hours (and of one until it is thinned), hours of two weeks, days of a year. */
export const POINTS_PER_PROFILE_MAX = 7 * 60 + 14 * 24 + 400;
export const POINTS_MAX = 1_000_000;

export type Progress = {
  readonly profileKey: string;
  readonly state: ProfileState;
  readonly coverage: number;
  readonly observations: number;
  readonly pods: number;
};

export type ReportingAgent = {
  readonly heartbeat: { readonly images: readonly Progress[] } | null;
};

export class CoverageSampler {
  readonly #store: CoverageStore;
  #last: Map<string, CoveragePoint> | undefined;

  constructor(store: CoverageStore) {
    this.#store = store;
  }

  /** Gives back how many points were written. */
  async sample(agents: readonly ReportingAgent[], nowMs: number): Promise<number> {
    this.#last ??= new Map((await this.#store.newestCoverage(PROFILES_MAX))
      .map((point) => [point.profileKey, point]));
    const points: CoveragePoint[] = [];
    for (const progress of furthest(agents)) {
      const known = this.#last.get(progress.profileKey);
      if (known === undefined && this.#last.size >= PROFILES_MAX) this.#forgetOldest();
      if (known !== undefined && !isDue(known, progress, nowMs)) continue;
      const { profileKey, state, coverage, observations, pods } = progress;
      const point = { profileKey, atMs: nowMs, state, coverage, observations, pods };
      points.push(point);
    }
    await this.#store.addCoverage(points);
    for (const point of points) this.#last.set(point.profileKey, point);
    return points.length;
  }

  #forgetOldest(): void {
    const [oldest] = this.#last?.keys() ?? [];
    if (oldest !== undefined) this.#last?.delete(oldest);
  }
}

/** Of the agents that run an image the one that has seen most of it, as in the list of images. */
function furthest(agents: readonly ReportingAgent[]): Iterable<Progress> {
  const best = new Map<string, Progress>();
  for (const { heartbeat } of agents) {
    for (const progress of heartbeat?.images ?? []) {
      const known = best.get(progress.profileKey);
      if (known === undefined || known.observations < progress.observations) {
        best.set(progress.profileKey, progress);
      }
    }
  }
  return best.values();
}

function isDue(known: CoveragePoint, now: Progress, nowMs: number): boolean {
  const sinceMs = nowMs - known.atMs;
  // Below zero the clock was set back.
  if (sinceMs < 0 || sinceMs >= UNCHANGED_MS) return true;
  if (sinceMs < MINUTE_MS) return false;
  return known.state !== now.state || known.pods !== now.pods ||
    Math.abs(known.coverage - now.coverage) >= COVERAGE_STEP;
}
