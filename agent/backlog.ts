/**
 * Whether events have to wait for this agent. An event may be old when it comes for two reasons.
 * Either the agent cannot keep up, and Falco's queue grows; or nothing waited: Falco's clock is off
 * (it counts from the boot, and does not follow when the node's clock is set), Falco itself was
 * held up, or somebody posts by hand what happened yesterday. Leaving events unjudged helps in the
 * first case only.
 *
 * Who has caught up waits for the next event, so a loop that rested for `REST_MS` between two
 * batches has no backlog; what blocks it (a slow disk) is no rest. Over HTTP it rests a little
 * between any two events, because Falco then prepares the next: hence `REST_MS`, which is also
 * twice the longest time between two polls over gRPC. One rest speaks for the `BUSY_MS` after it.
 */
export const REST_MS = 50;
export const BUSY_MS = 1_000;

export class Backlog {
  readonly #nowMs: () => number;
  readonly #idleMs: () => number;
  #idleBeforeMs: number;
  #restedAtMs = -Infinity;

  /** `idleMs`: for how long there was nothing to do, altogether. */
  constructor(nowMs: () => number, idleMs: () => number) {
    this.#nowMs = nowMs;
    this.#idleMs = idleMs;
    this.#idleBeforeMs = idleMs();
  }

  /** Asked once per batch. */
  isLikely(): boolean {
    const idleMs = this.#idleMs();
    const nowMs = this.#nowMs();
    if (idleMs - this.#idleBeforeMs >= REST_MS) this.#restedAtMs = nowMs;
    this.#idleBeforeMs = idleMs;
    return nowMs - this.#restedAtMs >= BUSY_MS;
  }
}
