import type { Logger } from 'pino';

import type { Alert } from '../../baseline/alert.ts';
import type { Clock } from '../clock.ts';
import type { Correlation, IncidentStore, UncorrelatedAlert } from './incident-store.ts';
import { closeQuiet, correlate } from './correlate.ts';
import type { Arrival, Correlated, IncidentEffect, IncidentSettings } from './correlate.ts';
import { UNHANDLED } from './handling.ts';
import type { AlertWeigher, FatigueRecord, Tally, Weighed } from './handling.ts';
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
  /** What may stay quiet; absent: nothing. */
  readonly weigher?: AlertWeigher;
  readonly onGrown: (incident: Incident, alert: Alert) => Promise<void>;
  readonly onEffects: (effects: readonly IncidentEffect[]) => void;
  /** How alerts were dealt with, when that is stored. */
  readonly onHandled?: (tallies: readonly Tally[]) => void;
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
    this.#state = restoreState(
      await this.#options.store.openIncidents(INCIDENTS_OPEN_MAX),
      this.#options.settings.windowMs,
    );
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
        await this.#correlate(arrivals);
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

  async #correlate(alerts: readonly UncorrelatedAlert[]): Promise<void> {
    const { clock, settings, weigher } = this.#options;
    const nowMs = clock.now();
    const weighed = await weigher?.weigh(alerts, nowMs);
    const arrivals = await this.#arrivals(alerts, weighed);
    const result = correlate(this.#state, arrivals, nowMs, settings);
    await this.#apply(result, weighed);
  }

  async #arrivals(
    alerts: readonly UncorrelatedAlert[],
    weighed: Weighed | undefined,
  ): Promise<readonly Arrival[]> {
    if (weighed === undefined) return alerts;
    const ids = new Set([...weighed.handled.values()].map(({ joins }) => joins?.incidentId ?? ''));
    const closedIds = [...ids].filter((id) => id !== '' && !this.#state.open.has(id));
    const found = closedIds.length === 0 ? [] : await this.#options.store.incidentsById(closedIds);
    const closed = new Map(found.map((incident) => [incident.id, incident]));
    return alerts.map(({ alert, incidentId, before }): Arrival => {
      const handled = weighed.handled.get(alert.id) ?? UNHANDLED;
      const repeated = closed.get(handled.joins?.incidentId ?? '');
      return {
        alert,
        incidentId,
        handled,
        wasAgain: before?.kind === 'cooled',
        ...(repeated === undefined ? {} : { closed: repeated }),
      };
    });
  }

  async #apply(result: Correlated, weighed?: Weighed): Promise<void> {
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
      ...(weighed === undefined ? {} : { fatigue: recordOf(weighed, result) }),
      ...(lease === undefined ? {} : { lease }),
    });
    this.#state = result.state;
    onEffects(result.effects);
    if (weighed !== undefined) this.#options.onHandled?.(weighed.tallies);
  }

  #watchQuiet(): void {
    this.#cancelQuiet = this.#options.clock.after(QUIET_CHECK_MS, () => {
      this.#isQuietDue = true;
      this.#kick();
      this.#watchQuiet();
    });
  }
}

/** Where what was raised ended up is known only now. */
function recordOf({ coolDowns, hits, tallies }: Weighed, { placed }: Correlated): FatigueRecord {
  return {
    hits,
    tallies,
    coolDowns: coolDowns.map((one) => ({
      ...one,
      incidentId: placed.get(one.alertId)?.incidentId || one.incidentId,
    })),
  };
}
