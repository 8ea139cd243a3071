import type { Logger } from 'pino';

import type { Clock } from './clock.ts';
import type { Lease, Leases } from './store/faces.ts';

/**
 * Whose turn it is to do what only one replica may do: correlate, delete what is old, carry out
 * responses. It is a lease in the store, renewed every `RENEW_MS`; a replica that dies is followed
 * within `TTL_MS` + `ASK_MS`. Each tenure has a name of its own, and what is written in its name is
 * refused once another one has begun: a replica that was paused in the middle writes nothing over
 * its successor, even though it does not know yet.
 */
const NAME = 'work';
export const TTL_MS = 6_000;
const RENEW_MS = 2_000;
const ASK_MS = 1_000;

export type TurnOptions = {
  readonly leases: Leases;
  /** Unique among the replicas and from start to start. */
  readonly replica: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Awaited; when it rejects, the turn is given back and asked for again. */
  readonly onGained: (lease: Lease) => Promise<void>;
  readonly onLost: () => Promise<void>;
};

export class Turn {
  readonly #options: TurnOptions;
  #lease: Lease | undefined;
  #validUntilMs = 0;
  #tenures = 0;
  #isLate = false;
  #ticking: Promise<void> = Promise.resolve();
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /** By our own clock, from before we asked: surely not longer than the store thinks. */
  isOurs(): boolean {
    return this.#lease !== undefined && this.#options.clock.now() < this.#validUntilMs;
  }

  /** Resolves when it was asked for once: alone, it is ours from the start. */
  async start(): Promise<void> {
    this.#tick();
    await this.#ticking;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#ticking;
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease !== undefined) await this.#options.onLost();
    if (lease !== undefined) await this.#giveBack(lease);
  }

  #tick(): void {
    this.#ticking = this.#ask().finally(() => {
      if (this.#isStopped) return;
      const { clock } = this.#options;
      this.#cancel = clock.after(this.#lease === undefined ? ASK_MS : RENEW_MS, () => this.#tick());
    });
  }

  async #ask(): Promise<void> {
    const { leases, clock, log } = this.#options;
    const lease = this.#lease ?? this.#nextTenure();
    const askedMs = clock.now();
    try {
      if (await leases.acquire(NAME, lease.holder, TTL_MS)) {
        this.#validUntilMs = askedMs + TTL_MS;
        if (this.#lease === undefined) await this.#gain(lease);
        return;
      }
      this.#isLate = true;
      if (this.#lease !== undefined) await this.#lose('another replica has it');
    } catch (error) {
      this.#isLate = true;
      log.warn({ err: error }, 'the store could not be asked whose turn it is');
      if (this.#lease !== undefined && !this.isOurs()) await this.#lose('the store did not answer');
    }
  }

  #nextTenure(): Lease {
    this.#tenures += 1;
    return { name: NAME, holder: `${this.#options.replica}#${this.#tenures}` };
  }

  async #gain(lease: Lease): Promise<void> {
    const { log, onGained } = this.#options;
    this.#lease = lease;
    // At the start it is no news: the line about the start says it.
    if (this.#isLate) {
      log.info({ holder: lease.holder }, 'this collector correlates and responds from now on');
    }
    try {
      await onGained(lease);
    } catch (error) {
      log.error({ err: error }, 'correlation could not be started, trying again');
      await this.#lose('it could not be started');
      await this.#giveBack(lease);
    }
  }

  async #lose(why: string): Promise<void> {
    const { log, onLost } = this.#options;
    if (this.#lease === undefined) return;
    const { holder } = this.#lease;
    this.#lease = undefined;
    log.info({ holder, why }, 'this collector no longer correlates and responds');
    await onLost();
  }

  /** So that the next one need not wait for its end; if this fails, it waits. */
  async #giveBack(lease: Lease): Promise<void> {
    await this.#options.leases.release(lease.name, lease.holder).catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'the turn could not be given back');
    });
  }
}
