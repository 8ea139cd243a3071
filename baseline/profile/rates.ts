/**
 * How often a pod does something per window: negative binomial with moments pooled over pods
 * (Poisson gave 13 % false alarms on postgres), upper tail as p-value. Spiky series defeat any
 * parametric tail, so a count that some training window reached is never below its empirical
 * p-value.
 */

export type RateStats = { windows: number; sum: number; squares: number; max: number };

/** Fewer windows than this say nothing about a tail. */
export const RATE_WINDOWS_MIN = 60;
const RATE_MARGIN = 4;
/** A reload re-reads some dozens of files; so few say nothing, however rare. */
const RATE_COUNT_MIN = 100;
/** A model is not trusted further than this. */
const P_MIN = 1e-24;

/** P(X ≥ count) under the model; 1 while there is too little to say. */
export function ratePValue(stats: RateStats, count: number): number {
  if (stats.windows < RATE_WINDOWS_MIN || count <= 0) return 1;
  // A load that doubles is not an attack: what some window came near stays empirical.
  if (count <= Math.max(RATE_COUNT_MIN, stats.max * RATE_MARGIN)) {
    return count <= stats.max ? 1 : 1 / (stats.windows + 1);
  }
  const mean = (stats.sum + 1) / (stats.windows + 1);
  const variance = Math.max(stats.squares / stats.windows - mean * mean, mean * 1.05);
  return Math.max(P_MIN, negativeBinomialTail(count, mean, variance));
}

/** Upper tail of a negative binomial given by mean and variance (variance > mean). */
export function negativeBinomialTail(count: number, mean: number, variance: number): number {
  const size = (mean * mean) / (variance - mean);
  const failure = mean / (size + mean);
  const base = size * Math.log1p(-failure) - logGamma(size) + count * Math.log(failure);
  let term = Math.exp(base + logGamma(count + size) - logGamma(count + 1));
  // Too small for a double: far above the mean there is nothing left, far below there is all.
  if (term === 0) return count > mean ? 0 : 1;
  let tail = 0;
  let ratio = 0;
  for (let k = count; k < count + TAIL_TERMS_MAX; k += 1) {
    tail += term;
    ratio = (failure * (k + size)) / (k + 1);
    term *= ratio;
    if (term <= tail * 1e-12) return Math.min(1, tail);
  }
  // A wide law has mass beyond: less than a geometric series, since no later ratio is larger.
  const largest = Math.max(ratio, failure);
  return largest < 1 ? Math.min(1, tail + term / (1 - largest)) : 1;
}

const TAIL_TERMS_MAX = 4096;

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** Lanczos' approximation (g = 7, n = 9), good to 15 digits for x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  let sum = 0.99999999999980993;
  for (let i = 0; i < LANCZOS.length; i += 1) sum += (LANCZOS[i] as number) / (z + i + 1);
  const t = z + LANCZOS.length - 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}
