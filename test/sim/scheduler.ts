import type { Clock as AgentClock } from '../../agent/source/clock.ts';
import type { Clock as CollectorClock } from '../../collector/clock.ts';

/**
 * Simulated time: everything that happens is an entry of one queue, in order of its time and, at
 * one time, of its making. Entries belong to a process; a process that crashed runs no more.
 */
export class Process {
  readonly name: string;
  /** Its wall clock is off by this much. */
  skewMs = 0;
  isAlive = true;

  constructor(name: string) {
    this.name = name;
  }
}

type Entry = {
  readonly atMs: number;
  readonly order: number;
  readonly process: Process;
  readonly run: () => void;
  isCancelled: boolean;
};

/** What the wall clocks show when the simulation begins. */
export const START_MS = Date.UTC(2026, 0, 5, 8);
const NANOS_PER_MS = 1_000_000n;

export class Scheduler {
  readonly #queue: Entry[] = [];
  #nowMs = 0;
  #order = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, process: Process, run: () => void): () => void {
    const entry: Entry = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      order: (this.#order += 1),
      process,
      run,
      isCancelled: false,
    };
    this.#push(entry);
    return () => {
      entry.isCancelled = true;
    };
  }

  /** Runs the next entry that is still wanted, up to `untilMs`; false when there is none. */
  step(untilMs: number): boolean {
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined || next.atMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return false;
      }
      this.#pop();
      if (next.isCancelled || !next.process.isAlive) continue;
      this.#nowMs = next.atMs;
      next.run();
      return true;
    }
  }

  agentClock(process: Process): AgentClock {
    return {
      nowMs: () => this.#nowMs,
      nowNs: () => BigInt(Math.round(this.#wallMs(process))) * NANOS_PER_MS,
      after: (delayMs, run) => this.after(delayMs, process, run),
      soon: (run) => {
        this.after(0, process, run);
      },
    };
  }

  collectorClock(process: Process): CollectorClock {
    return {
      now: () => Math.round(this.#wallMs(process)),
      after: (delayMs, run) => this.after(delayMs, process, run),
    };
  }

  #wallMs(process: Process): number {
    return START_MS + this.#nowMs + process.skewMs;
  }

  #push(entry: Entry): void {
    const queue = this.#queue;
    let index = queue.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(entry, queue[parent] as Entry)) break;
      queue[index] = queue[parent] as Entry;
      index = parent;
    }
    queue[index] = entry;
  }

  #pop(): void {
    const queue = this.#queue;
    const last = queue.pop();
    if (last === undefined || queue.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= queue.length) break;
      const right = child + 1;
      if (right < queue.length && isBefore(queue[right] as Entry, queue[child] as Entry)) {
        child = right;
      }
      if (!isBefore(queue[child] as Entry, last)) break;
      queue[index] = queue[child] as Entry;
      index = child;
    }
    queue[index] = last;
  }
}

const isBefore = (a: Entry, b: Entry): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
