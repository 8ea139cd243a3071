import { commandShape } from '../behaviour/shape.ts';

/** A command run from outside this often, alike each time and without a terminal, is a probe. */
export const PROBE_RUNS_MIN = 3;
const PROBES_MAX = 256;

/** A command that the runtime put into a container from outside. */
export type OutsideRun = { readonly tty: boolean; readonly command: string };

/** Tells probes from operators: a probe is the same command, without a terminal, again and again. */
export class ProbeBook {
  readonly #runs = new Map<string, number>();

  isProbe(run: OutsideRun): boolean {
    return !run.tty && (this.#runs.get(commandShape(run.command)) ?? 0) >= PROBE_RUNS_MIN;
  }

  note(run: OutsideRun): boolean {
    if (run.tty) return false;
    const key = commandShape(run.command);
    if (!this.#runs.has(key) && this.#runs.size >= PROBES_MAX) return false;
    const runs = (this.#runs.get(key) ?? 0) + 1;
    this.#runs.set(key, runs);
    return runs >= PROBE_RUNS_MIN;
  }

  get runs(): ReadonlyMap<string, number> {
    return this.#runs;
  }

  restore(command: string, runs: number): void {
    if (this.#runs.has(command) || this.#runs.size < PROBES_MAX) {
      this.#runs.set(command, Math.max(runs, this.#runs.get(command) ?? 0));
    }
  }
}
