import { performance } from 'node:perf_hooks';

/** Time as the sources need it; the tests' clock is moved by hand. */
export type Cancel = () => void;

export type Clock = {
  /** Monotonic, for delays and deadlines. */
  nowMs(): number;
  /** Wall clock, nanoseconds since 1970. */
  nowNs(): bigint;
  after(delayMs: number, run: () => void): Cancel;
  /** For how long there was nothing to do since the start; absent where nobody ever waits. */
  idleMs?(): number;
  /** After what is already readable has been read: where a batch is closed. */
  soon(run: () => void): void;
};

const NANOS_PER_MS = 1_000_000n;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  nowNs: () => BigInt(Date.now()) * NANOS_PER_MS,
  idleMs: () => performance.nodeTiming.idleTime,
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  soon: (run) => {
    setImmediate(run);
  },
};
