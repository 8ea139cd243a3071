import { PerformanceObserver } from 'node:perf_hooks';
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import type { Measured, Orders } from './orders.ts';

/** Reads a consumer's clocks when it has seen so many events, and again so many later. */

const MIB = 1_048_576;
const LOOK_MS = 50;
const LATENCIES_MAX = 1_000_000;

export class Meter {
  readonly #orders: Orders;
  readonly #seen: () => number;
  readonly #latencies: number[] = [];
  readonly #rssSamples: number[] = [];
  #gcMs = 0;
  #isMeasuring = false;
  #start = { seen: 0, cpu: process.cpuUsage(), allocated: 0, ms: 0 };

  /** `seen`: how many events are done with. */
  constructor(orders: Orders, seen: () => number, onDone: (measured: Measured) => void) {
    this.#orders = orders;
    this.#seen = seen;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#gcMs += entry.duration;
    }).observe({ entryTypes: ['gc'] });
    const timer = setInterval(() => {
      const count = this.#seen();
      if (!this.#isMeasuring) {
        if (count >= orders.warmUp) this.#begin(count);
      } else if (count >= this.#start.seen + orders.events) {
        clearInterval(timer);
        onDone(this.#end(count));
      } else this.#sample(count);
    }, LOOK_MS);
  }

  /** When an event was judged, and what its time says. */
  note(eventMs: number): void {
    if (!this.#isMeasuring || this.#latencies.length >= LATENCIES_MAX) return;
    this.#latencies.push(performance.timeOrigin + performance.now() - eventMs);
  }

  #sample(seen: number): void {
    const { samples, events } = this.#orders;
    const due = Math.floor(((seen - this.#start.seen) / events) * samples);
    if (due <= this.#rssSamples.length) return;
    this.#rssSamples.push(Math.round(process.memoryUsage.rss() / MIB));
  }

  #begin(seen: number): void {
    this.#isMeasuring = true;
    this.#gcMs = 0;
    this.#start = {
      seen,
      cpu: process.cpuUsage(),
      allocated: allocatedBytes(),
      ms: performance.now(),
    };
  }

  #end(seen: number): Measured {
    const { user, system } = process.cpuUsage(this.#start.cpu);
    const wallSeconds = (performance.now() - this.#start.ms) / 1_000;
    const events = seen - this.#start.seen;
    const cpuSeconds = (user + system) / 1e6;
    const sorted = Float64Array.from(this.#latencies).sort();
    const quantile = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    const allocated = (allocatedBytes() - this.#start.allocated) / events;
    // What it holds after so much work, and what of it is garbage that waits to be collected.
    const rssMiB = process.memoryUsage().rss / MIB;
    globalThis.gc?.();
    return {
      variant: this.#orders.variant,
      events,
      cpuSeconds,
      wallSeconds,
      rssMiB,
      heapMiB: process.memoryUsage().heapUsed / MIB,
      rssSamplesMiB: this.#rssSamples,
      allocatedBytesPerEvent: allocated,
      gcShare: this.#gcMs / 1_000 / cpuSeconds,
      latencyP50Ms: quantile(0.5),
      latencyP99Ms: quantile(0.99),
      alerts: 0,
      shed: 0,
      gaps: 0,
      repeats: 0,
    };
  }
}

/** V8 counts it since Node 26; the type declarations do not name it. */
export function allocatedBytes(): number {
  const statistics = getHeapStatistics() as { total_allocated_bytes?: number };
  return statistics.total_allocated_bytes ?? 0;
}
