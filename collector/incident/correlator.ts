import type { Logger } from 'pino';

import type { Alert } from '../../baseline/alert.ts';
import type { Clock } from '../clock.ts';
import type { Correlation, IncidentStore } from './incident-store.ts';
import { closeQuiet, correlate } from './correlate.ts';
import type { Correlated, IncidentEffect, IncidentSettings } from './correlate.ts';
import type { Incident } from './incident.ts';
import { INCIDENTS_OPEN_MAX, emptyState, restoreState } from './state.ts';
import type { IncidentState } from './state.ts';

/**
 * Drives `correlate` over what the store holds uncorrelated: the store is the queue, so nothing is
 * lost in a crash and nothing piles up in memory. `onGrown` is called before the result is saved;
 * after a crash in between it is called again for the same alert, and must be idempotent.
 *
 * Each run is a synced write that nothing else of this process gets past, so that while alerts keep
 * coming there is one run in `GATHER_MS`; what is urgent begins one at once.
 */
const ARRIVALS_PER_RUN = 200;
export const GATHER_MS = 100;
const RETRY_MS = 1_000;
const QUIET_CHECK_MS = 10_000;

export type CorrelatorOptions = {
  readonly store: IncidentStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: IncidentSettings;
  /** In whose name is saved, where several replicas could. */
  readonly lease?: Correlation['lease'];
  readonly onGrown: (incident: Incident, alert: Alert) => Promise<void>;
  readonly onEffects: (effects: readonly IncidentEffect[]) => void;
};

export class Correlator {
  readonly #options: CorrelatorOptions;
  #state: IncidentState = emptyState;
  #running: Promise<void> | undefined;
  #isWanted = false;
  #isUrgent = false;
  #isQuietDue = false;
  #isStopped = false;
  #ranMs = -Infinity;
  #isStale = false;
  #cancelGather: (() => void) | undefined;
  #cancelRetry: () => void = () => undefined;
  #cancelQuiet: () => void = () => undefined;

  constructor(options: CorrelatorOptions) {
    this.#options = options;
  }

  get openCount(): number {
    return this.#state.open.size;
  }

  async start(): Promise<void> {
    await this.#restore();
    this.#watchQuiet();
    this.wake();
  }

  async #restore(): Promise<void> {
    this.#state = restoreState(await this.#options.store.openIncidents(INCIDENTS_OPEN_MAX));
    this.#isStale = false;
  }

  /** There may be new alerts. Cheap: any number of calls are one run. */
  wake({ isUrgent = false }: { readonly isUrgent?: boolean } = {}): void {
    this.#isWanted = true;
    this.#isUrgent ||= isUrgent;
    const { clock } = this.#options;
    const waitMs = this.#isUrgent ? 0 : this.#ranMs + GATHER_MS - clock.now();
    if (waitMs <= 0) {
      this.#kick();
      return;
    }
    if (this.#isStopped) return;
    this.#cancelGather ??= clock.after(waitMs, () => {
      this.#cancelGather = undefined;
      this.#kick();
    });
  }

  /** One run at a time: two would begin from the same state and overwrite each other. */
  #kick(): void {
    if (this.#isStopped || this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#isQuietDue) this.#kick();
      else if (this.#isWanted) this.wake();
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#isWanted = false;
    this.#isQuietDue = false;
    this.#cancelGather?.();
    this.#cancelRetry();
    this.#cancelQuiet();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { store, clock, log, settings } = this.#options;
    try {
      if (this.#isStale) await this.#restore();
      this.#ranMs = clock.now();
      let hasMore = this.#isWanted;
      while (!this.#isStopped && (hasMore || this.#isUrgent || this.#isQuietDue)) {
        if (this.#isQuietDue) {
          this.#isQuietDue = false;
          const result = closeQuiet(this.#state, clock.now(), settings);
          if (result.changed.size > 0) await this.#apply(result);
          continue;
        }
        // What is committed from here on wakes again.
        this.#isWanted = false;
        this.#isUrgent = false;
        const arrivals = await store.uncorrelatedAlerts(ARRIVALS_PER_RUN);
        hasMore = arrivals.length === ARRIVALS_PER_RUN;
        if (arrivals.length === 0) continue;
        await this.#apply(correlate(this.#state, arrivals, clock.now(), settings));
      }
    } catch (error) {
      // A save that failed may be in the store all the same (the connection was cut behind the
      // commit): what is true is what is there, and what it has not seen is correlated again.
      this.#isStale = true;
      this.#isWanted = false;
      this.#isUrgent = false;
      log.error({ err: error }, 'alerts could not be correlated, trying again');
      this.#cancelRetry();
      this.#cancelRetry = clock.after(RETRY_MS, () => this.wake({ isUrgent: true }));
    }
  }

  async #apply(result: Correlated): Promise<void> {
    const { store, clock, lease, onGrown, onEffects } = this.#options;
    for (const effect of result.effects) {
      if (effect.kind !== 'grown') continue;
      const incident = result.changed.get(effect.incidentId);
      if (incident?.state === 'open') await onGrown(incident, effect.alert);
    }
    const merged = result.effects.flatMap((effect) =>
      effect.kind === 'merged' ? [[effect.from, effect.into] as const] : []);
    await store.saveCorrelation({
      incidents: [...result.changed.values()],
      correlated: result.placed,
      merged: new Map(merged),
      nowMs: clock.now(),
      ...(lease === undefined ? {} : { lease }),
    });
    this.#state = result.state;
    onEffects(result.effects);
  }

  #watchQuiet(): void {
    this.#cancelQuiet = this.#options.clock.after(QUIET_CHECK_MS, () => {
      this.#isQuietDue = true;
      this.#kick();
      this.#watchQuiet();
    });
  }
}
