import type { Logger } from 'pino';

import type { Clock } from '../clock.ts';
import { COOL_DOWNS_MAX, FORGET_MS } from './cool-down.ts';
import { CoverageSampler, POINTS_MAX, THINNINGS } from './coverage-history.ts';
import type { ReportingAgent } from './coverage-history.ts';
import type { CoolDownStore, CoverageStore, TallyStore } from './fatigue-store.ts';
import type { MaintenanceBook } from './maintenance-book.ts';
import type { SuppressionBook } from './suppression-book.ts';

/**
 * What time does by itself, at the one replica whose turn it is: rules and windows end (and the
 * audit says so), coverage is written down, what is old goes. A rule whose time is over suppresses
 * nothing more, whether or not this has run yet. What fails is logged and done at the next turn.
 */
const TURN_MS = 30_000;
const SAMPLE_MS = 60_000;
const TIDY_MS = 3_600_000;
const TALLY_DAYS = 31;
const TALLIES_MAX = 200_000;
const DAY_MS = 86_400_000;
export const EXPIRED_BY = 'lanner';

export type UpkeepOptions = {
  readonly store: CoolDownStore & CoverageStore & TallyStore;
  readonly suppressions: Pick<SuppressionBook, 'expire'>;
  readonly windows: Pick<MaintenanceBook, 'expire'>;
  readonly agents: { listAgents(): Promise<readonly ReportingAgent[]> };
  readonly clock: Clock;
  readonly log: Logger;
  readonly onExpired: (kind: 'suppression' | 'maintenance', count: number) => void;
};

export class FatigueUpkeep {
  readonly #options: UpkeepOptions;
  readonly #sampler: CoverageSampler;
  #sampledMs = -Infinity;
  #tidiedMs = -Infinity;
  #cancel: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#sampler = new CoverageSampler(options.store);
  }

  start(): void {
    this.#cancel = this.#options.clock.after(TURN_MS, () => {
      this.#running = this.turn().finally(() => {
        if (!this.#isStopped) this.start();
      });
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#running;
  }

  /** One after the other, and each even when one before it fails. */
  async turn(): Promise<void> {
    const { suppressions, windows, onExpired } = this.#options;
    await this.#try('suppression rules', async () =>
      onExpired('suppression', await suppressions.expire(EXPIRED_BY)));
    await this.#try('maintenance windows', async () =>
      onExpired('maintenance', await windows.expire(EXPIRED_BY)));
    await this.#try('coverage', () => this.#sample());
    await this.#try('old records', () => this.#tidy());
  }

  async #try(what: string, work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => {
      this.#options.log.error({ err: error, what }, 'upkeep failed, trying again');
    });
  }

  async #sample(): Promise<void> {
    const { agents, clock } = this.#options;
    const nowMs = clock.now();
    if (Math.abs(nowMs - this.#sampledMs) < SAMPLE_MS) return;
    await this.#sampler.sample(await agents.listAgents(), nowMs);
    this.#sampledMs = nowMs;
  }

  async #tidy(): Promise<void> {
    const { store, clock } = this.#options;
    const nowMs = clock.now();
    if (Math.abs(nowMs - this.#tidiedMs) < TIDY_MS) return;
    await store.forgetCoolDowns(nowMs - FORGET_MS, COOL_DOWNS_MAX);
    await store.thinCoverage(THINNINGS, nowMs, POINTS_MAX);
    await store.forgetTallies(Math.floor(nowMs / DAY_MS) - TALLY_DAYS, TALLIES_MAX);
    this.#tidiedMs = nowMs;
  }
}
