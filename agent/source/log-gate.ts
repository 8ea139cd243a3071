/**
 * Lets one log line per key through in ten seconds and says how many it held back, so that a
 * flood of bad input cannot become a flood of logs. Keys are a closed set of ours (reasons,
 * states), never text of an event.
 */
import assert from 'node:assert/strict';
import type { Clock } from './clock.ts';

export const LOG_INTERVAL_MS = 10_000;
const KEYS_MAX = 64;

type Gate = { openAtMs: number; suppressed: number };

export class LogGate {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #gates = new Map<string, Gate>();

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /** The number of lines held back since the last one, or -1 for "hold this one back as well". */
  pass(key: string): number {
    const nowMs = this.#clock.nowMs();
    const gate = this.#gates.get(key);
    if (gate === undefined) {
      assert(this.#gates.size < KEYS_MAX, 'log keys are a closed set');
      this.#gates.set(key, { openAtMs: nowMs + LOG_INTERVAL_MS, suppressed: 0 });
      return 0;
    }
    if (nowMs < gate.openAtMs) {
      gate.suppressed += 1;
      return -1;
    }
    const { suppressed } = gate;
    gate.openAtMs = nowMs + LOG_INTERVAL_MS;
    gate.suppressed = 0;
    return suppressed;
  }
}
