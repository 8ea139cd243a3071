import {
  mergeHashes,
  mergePodSets,
  REPORTERS_MAX,
  type HashSet,
  type PodSet,
  type SharedPods,
} from './pod-set.ts';

/**
 * Who showed a behaviour, and when: the evidence for it. Two traces join into one, in any order and
 * any number of times with the same outcome.
 */
export type Trace = {
  pods: PodSet;
  /** Nodes whose agents reported it; the collector alone says who. Empty for what is our own. */
  reporters: HashSet;
  firstMs: number;
  lastMs: number;
  /**
   * Learned by rule (a probe, a start-up, an inside peer): no novelty that breaks a clean run. Said
   * by whoever saw it first, so that it does not depend on who tells it last.
   */
  exempt: boolean;
};

/** A pod shows it. */
export type Sight = { readonly pod: number; readonly ms: number; readonly exempt: boolean };

const NOBODY: HashSet = [];

export function newTrace({ pod, ms, exempt }: Sight, shared: SharedPods): Trace {
  return {
    pods: shared.with(NOBODY, pod), reporters: NOBODY, firstMs: ms, lastMs: ms, exempt,
  };
}

/** Once more; true when no pod of that hash had. */
export function extend(trace: Trace, { pod, ms, exempt }: Sight, shared: SharedPods): boolean {
  if (ms > trace.lastMs) trace.lastMs = ms;
  if (ms === trace.firstMs) trace.exempt &&= exempt;
  if (ms < trace.firstMs) {
    trace.firstMs = ms;
    trace.exempt = exempt;
  }
  const before = trace.pods;
  trace.pods = shared.with(before, pod);
  return trace.pods !== before;
}

export function join(a: Trace, b: Trace): Trace {
  const isSame = a.firstMs === b.firstMs;
  const first = a.firstMs <= b.firstMs ? a : b;
  return {
    pods: mergePodSets(a.pods, b.pods),
    reporters: mergeHashes(a.reporters, b.reporters, REPORTERS_MAX),
    firstMs: first.firstMs,
    lastMs: Math.max(a.lastMs, b.lastMs),
    exempt: isSame ? a.exempt && b.exempt : first.exempt,
  };
}

export function copyOf(trace: Trace): Trace {
  return { ...trace };
}
