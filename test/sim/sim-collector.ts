import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { LinkServer } from '../../collector/link/link-server.ts';
import type { BatchOutcome, BatchStore } from '../../collector/store/faces.ts';
import type { Chance } from './chance.ts';
import type { Ledger } from './ledger.ts';
import type { Network } from './network.ts';
import { Process } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';

/**
 * A collector's links over the one store. Between the links and the store stands time, in which
 * the collector may crash: before a commit, or after it and before the acknowledgement.
 */
export type SimCollectorOptions = {
  readonly name: string;
  readonly store: BatchStore;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly log: Logger;
  /** How many calls are in the real store now; the world waits for them before time goes on. */
  readonly busy: { calls: number };
};

const STORE_MS_MAX = 60;
const SLOW = 0.02;
const SLOW_MS = 5_000;
const REFUSED = 0.02;

export class SimCollector {
  readonly name: string;
  readonly #options: SimCollectorOptions;
  #process: Process;
  #server: LinkServer | null = null;

  constructor(options: SimCollectorOptions) {
    this.name = options.name;
    this.#options = options;
    this.#process = new Process(options.name);
  }

  get isUp(): boolean {
    return this.#server !== null;
  }

  get process(): Process {
    return this.#process;
  }

  start(): void {
    const { scheduler, ledger, log } = this.#options;
    const process = new Process(this.name);
    process.skewMs = this.#process.skewMs;
    this.#process = process;
    this.#server = new LinkServer({
      address: 'unix:/simulated',
      insecure: true,
      store: this.#storeOf(process),
      receiver: {
        onHello: () => this.#later(process, () => Promise.resolve()),
        onWelcomed: () => Promise.resolve(),
        onEvidence: () => Promise.resolve(),
        onHeartbeat: () => this.#later(process, () => Promise.resolve()),
        onBatch: (outcome: BatchOutcome) => ledger.committed(outcome),
        onRefused: (reason) => ledger.wrong(`${this.name} refused a frame: ${reason}`),
      },
      clock: scheduler.collectorClock(process),
      log,
      helloDeadlineMs: 10_000,
      windowBatches: 4,
      collectorVersion: '0.0.0',
    });
  }

  accept(call: ServerDuplexStream<Buffer, Buffer>): void {
    this.#server?.accept(call);
  }

  crash(): void {
    if (this.#server === null) return;
    this.#process.isAlive = false;
    this.#options.network.processDied(this.#process);
    this.#server = null;
  }

  leap(ms: number): void {
    this.#process.skewMs += ms;
  }

  #storeOf(process: Process): BatchStore {
    const { store, chance } = this.#options;
    return {
      commitBatches: (batches) =>
        this.#later(process, () => {
          // A store that says no has written nothing.
          if (chance.happens(REFUSED)) return Promise.reject(new Error('disk full'));
          return store.commitBatches(batches);
        }),
      committedSequence: (agent, epoch) =>
        this.#later(process, () => store.committedSequence(agent, epoch)),
    };
  }

  /** Time before, the work, time after; a process that died meanwhile never hears of it. */
  #later<T>(process: Process, work: () => Promise<T>): Promise<T> {
    const { busy } = this.#options;
    return new Promise((resolve, reject) => {
      this.#wait(process, () => {
        busy.calls += 1;
        work().then(
          (value) => this.#wait(process, () => resolve(value)),
          (error: unknown) => this.#wait(process, () => reject(error)),
        ).finally(() => {
          busy.calls -= 1;
        });
      });
    });
  }

  #wait(process: Process, run: () => void): void {
    const { scheduler, chance } = this.#options;
    const delayMs = chance.happens(SLOW) ? SLOW_MS : chance.between(0, STORE_MS_MAX);
    scheduler.after(delayMs, process, run);
  }
}
