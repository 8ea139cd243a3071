import { commandShape } from '../behaviour/shape.ts';
import { mergeHashes, POD_SET_MAX, REPORTERS_MAX, type HashSet } from './pod-set.ts';

/** A command run from outside this often, alike each time and without a terminal, is a probe. */
export const PROBE_RUNS_MIN = 3;
export const PROBES_MAX = 256;

/** A command that the runtime put into a container from outside. */
export type OutsideRun = { readonly tty: boolean; readonly command: string };

/** How often each pod ran it, as far as it matters; sorted by pod, the `POD_SET_MAX` smallest. */
export type ProbeRuns = {
  readonly pods: readonly (readonly [pod: number, runs: number])[];
  readonly reporters: HashSet;
};

/**
 * Tells probes from operators: a probe is the same command, without a terminal, again and again.
 * Runs are counted per pod and up to what makes a probe, so that counts of several agents join.
 */
export class ProbeBook {
  readonly #runs = new Map<string, ProbeRuns>();

  of(run: OutsideRun): ProbeRuns | undefined {
    return this.#runs.get(commandShape(run.command));
  }

  note(run: OutsideRun, pod: number): void {
    if (run.tty) return;
    const key = commandShape(run.command);
    const own = this.#runs.get(key)?.pods.find(([other]) => other === pod)?.[1] ?? 0;
    this.tell(key, { pods: [[pod, Math.min(PROBE_RUNS_MIN, own + 1)]], reporters: [] });
  }

  get runs(): ReadonlyMap<string, ProbeRuns> {
    return this.#runs;
  }

  tell(command: string, told: ProbeRuns): void {
    const known = this.#runs.get(command);
    if (known === undefined && this.#runs.size >= PROBES_MAX) return;
    this.#runs.set(command, joinRuns(known ?? NO_RUNS, told));
  }
}

/** Runs of all pods, what is our own and what was told. */
export function probeRuns(own: ProbeRuns | undefined, told: ProbeRuns | undefined): number {
  const { pods } = joinRuns(own ?? NO_RUNS, told ?? NO_RUNS);
  return pods.reduce((sum, [, runs]) => sum + runs, 0);
}

const NO_RUNS: ProbeRuns = { pods: [], reporters: [] };

function joinRuns(a: ProbeRuns, b: ProbeRuns): ProbeRuns {
  const counts = new Map<number, number>();
  for (const [pod, runs] of [...a.pods, ...b.pods]) {
    counts.set(pod, Math.max(counts.get(pod) ?? 0, runs));
  }
  return {
    pods: [...counts].sort((x, y) => x[0] - y[0]).slice(0, POD_SET_MAX),
    reporters: mergeHashes(a.reporters, b.reporters, REPORTERS_MAX),
  };
}
