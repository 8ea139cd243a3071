import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { LinkServer } from '../../collector/link/link-server.ts';
import { createFleetProfiles } from '../../collector/fleet-profiles.ts';
import { createFleet } from '../../collector/fleet.ts';
import { LogGate } from '../../collector/log-gate.ts';
import { CollectorMetrics } from '../../collector/metrics.ts';
import type { BatchOutcome, BatchStore, Store } from '../../collector/store/faces.ts';
import type { Chance } from './chance.ts';
import type { Ledger } from './ledger.ts';
import type { Network } from './network.ts';
import { Process } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';

/**
 * A collector's links and profiles over the one store. Between the links and the store stands time, in which
 * the collector may crash: before a commit, or after it and before the acknowledgement.
 */
export type SimCollectorOptions = {
  readonly name: string;
  /** May be a wrong one on purpose. */
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly log: Logger;
  /** How many calls are in the real store now; the world waits for them before time goes on. */
  readonly busy: { calls: number };
};

const STORE_MS_MAX = 60;
const JOIN_MS_MAX = 30_000;
const HOURS_MS = 2 * 3_600_000;
const AGE_MS = 3_650 * 86_400_000;
const NO_LEVELS = {
  links: () => 0,
  incidentsOpen: () => 0,
  streamClients: () => 0,
  suppressionRules: () => 0,
  maintenanceWindows: () => 0,
  linkCertificateNotAfter: () => 0,
  isOurs: () => 1,
};
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
    const clock = scheduler.collectorClock(process);
    const metrics = new CollectorMetrics('0.0.0', NO_LEVELS);
    const gate = new LogGate(clock);
    const profiles = createFleetProfiles({
      store: this.#delayed(process),
      metrics,
      clock,
      log,
      gate,
      links: () => this.#server?.open() ?? [],
    });
    profiles.feed.start();
    const roll = { hello: () => undefined, heartbeat: () => undefined };
    const images = { report: () => undefined, alerts: () => undefined };
    this.#server = new LinkServer({
      address: 'unix:/simulated',
      insecure: true,
      store: this.#storeOf(process),
      receiver: {
        ...createFleet({ ...profiles, roll, images, metrics, log, gate, onUrgent: () => undefined }),
        onHello: () => this.#later(process, () => Promise.resolve()),
        onBatch: (outcome: BatchOutcome) => ledger.committed(outcome),
        onRefused: (reason) => ledger.wrong(`${this.name} refused a frame: ${reason}`),
      },
      clock,
      log,
      helloDeadlineMs: 10_000,
      windowBatches: 4,
      collectorVersion: '0.0.0',
    });
    this.#joinFlows(process);
  }

  /** As if hours went by: minutes are joined while others of the same hour are on their way. */
  #joinFlows(process: Process): void {
    const { scheduler, chance } = this.#options;
    scheduler.after(chance.between(0, JOIN_MS_MAX), process, () => {
      const nowMs = scheduler.collectorClock(process).now() + HOURS_MS;
      void this.#delayed(process)
        .retainFlows({ ageMs: AGE_MS, minutesMs: 0, rowsMax: Infinity }, nowMs)
        .then(() => this.#joinFlows(process));
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

  /** The whole store with time around each call; what is not a question stays as it is. */
  #delayed(process: Process): Store {
    const { store } = this.#options;
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function' || name === 'onChange') return member;
        const ask = member as (...values: unknown[]) => Promise<unknown>;
        return (...values: unknown[]) =>
          this.#later(process, () => ask.apply(target, values));
      },
    });
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
