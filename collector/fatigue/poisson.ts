/**
 * P(X ≥ count) for X ~ Poisson(mean). Summed upwards from `count`, where each term is smaller than
 * the one before by mean/(k + 1): below the mean the answer is of no interest and said to be 1.
 */
const TERMS_MAX = 10_000;

export function poissonTail(count: number, mean: number): number {
  if (count <= 0) return 1;
  if (mean <= 0) return 0;
  if (count <= mean) return 1;
  let term = Math.exp(-mean + count * Math.log(mean) - logFactorial(count));
  let sum = 0;
  for (let k = count; k < count + TERMS_MAX; k += 1) {
    sum += term;
    term *= mean / (k + 1);
    if (term < sum * Number.EPSILON) break;
  }
  return Math.min(1, sum);
}

/** Stirling's series; to 1e-10 from 10 on. */
function logFactorial(n: number): number {
  if (n < 10) {
    let product = 1;
    for (let k = 2; k <= n; k += 1) product *= k;
    return Math.log(product);
  }
  return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) +
    1 / (12 * n) - 1 / (360 * n ** 3) + 1 / (1_260 * n ** 5);
}
