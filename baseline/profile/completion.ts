/**
 * When is learning complete? Decided by evidence, per channel: a clean run of pod-windows.
 *
 * After the r-th novelty the channel is declared complete after m consecutive units without one,
 * m ≥ ln(1/d_r) / −ln(1 − e) with d_r = 6d/(π² r²): were the chance of novelty per unit still above
 * e, a clean run this long would have probability below d_r, and the d_r sum to d over all r. With
 * e = 0.02 and d = 0.05 that is 173 units for r = 1, 242 for 2, 311 for 4, 401 for 10. The unit is one pod
 * during one window, never one event: event-level estimates were 50 times too optimistic.
 */

export type CompletionRule = {
  /** Chance of novelty per pod-window that is still called complete. */
  readonly noveltyRate: number;
  /** Chance of declaring it wrongly. */
  readonly confidence: number;
  /** Not before this age, for what happens once a day. */
  readonly ageMsMin: number;
  readonly podsMin: number;
  readonly podsMinWithRestart: number;
};

export const COMPLETION_DEFAULT: CompletionRule = {
  noveltyRate: 0.02,
  confidence: 0.05,
  ageMsMin: 24 * 3_600_000,
  podsMin: 5,
  podsMinWithRestart: 3,
};

/**
 * A workload that only ever has one pod (a database) has windows and restarts alone to show; they
 * are less independent than pods, so it needs twice the run.
 */
const ONE_POD_RUN_FACTOR = 2;

export function cleanRunNeeded(novelties: number, rule: CompletionRule): number {
  const r = Math.max(1, novelties);
  const d = (6 * rule.confidence) / (Math.PI * Math.PI * r * r);
  return Math.ceil(Math.log(1 / d) / -Math.log1p(-rule.noveltyRate));
}

export type CompletionEvidence = {
  /** Windows in which something new was seen. */
  readonly novelWindows: number;
  /** Pod-windows since the last of them. */
  readonly cleanWindows: number;
  readonly pods: number;
  readonly restarts: number;
  readonly ageMs: number;
  /** Pod-windows per second at present, for the forecast. */
  readonly windowsPerSecond: number;
};

export type Completion = {
  readonly complete: boolean;
  /** Clean units so far and needed. */
  readonly clean: number;
  readonly needed: number;
  /** At the present rate and without novelty; -1 when nobody can say. */
  readonly inSeconds: number;
  /** `pods`: by several pods; `windows`: one pod only, a weaker claim. */
  readonly basis: 'pods' | 'windows';
};

export function completion(evidence: CompletionEvidence, rule: CompletionRule): Completion {
  const byPods =
    evidence.pods >= rule.podsMin ||
    (evidence.pods >= rule.podsMinWithRestart && evidence.restarts > 0);
  const run = cleanRunNeeded(evidence.novelWindows, rule);
  const needed = byPods ? run : run * ONE_POD_RUN_FACTOR;
  const clean = Math.floor(evidence.cleanWindows);
  const old = evidence.ageMs >= rule.ageMsMin;
  return {
    complete: clean >= needed && old,
    clean,
    needed,
    inSeconds: forecast(evidence, rule, needed - clean),
    basis: byPods ? 'pods' : 'windows',
  };
}

function forecast(evidence: CompletionEvidence, rule: CompletionRule, missing: number): number {
  const forAge = Math.max(0, rule.ageMsMin - evidence.ageMs) / 1000;
  if (missing <= 0) return forAge;
  if (evidence.windowsPerSecond <= 0) return -1;
  return Math.max(forAge, missing / evidence.windowsPerSecond);
}
