import type { Logger } from 'pino';

import type { Clock } from './clock.ts';
import type { CollectorConfig } from './config.ts';
import { Correlator } from './incident/correlator.ts';
import type { CorrelatorOptions } from './incident/correlator.ts';
import type { AlertFatigue } from './fatigue-wiring.ts';
import type { FlowsKept } from './flows/flow-store.ts';
import type { Outputs } from './outputs/outputs.ts';
import { scheduleRetention } from './retention-schedule.ts';
import type { Lease, Store } from './store/faces.ts';
import { Turn } from './turn.ts';

/**
 * What only one replica may do at a time: correlate, and delete what is old. (Responses are carried
 * out by the same replica; the responder asks `isOurs`.) Each tenure begins with what the store
 * says and ends with everything stopped; alone on an embedded store it is ours from start to stop.
 */
export type SoleWorkOptions = {
  readonly store: Store;
  readonly config: Pick<CollectorConfig, 'incidents' | 'retention'>;
  readonly replica: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onGrown: CorrelatorOptions['onGrown'];
  readonly onEffects: CorrelatorOptions['onEffects'];
  readonly fatigue: Pick<AlertFatigue, 'fatigue' | 'upkeep'>;
  readonly onHandled: NonNullable<CorrelatorOptions['onHandled']>;
  readonly onDeleted: (rows: number) => void;
  readonly onFlowsKept: (kept: FlowsKept) => void;
  /** What is sent to other systems, while it is ours. */
  readonly outputs: Pick<Outputs, 'begin' | 'end'>;
  /** It is ours now: there may be something left over from the one before. */
  readonly onOurs: () => void;
};

export class SoleWork {
  readonly #options: SoleWorkOptions;
  readonly #turn: Turn;
  #correlator: Correlator | undefined;
  #stops: readonly (() => Promise<void>)[] = [];
  #stopWaking: () => void = () => undefined;

  constructor(options: SoleWorkOptions) {
    this.#options = options;
    const { store, replica, clock, log } = options;
    this.#turn = new Turn({
      leases: store,
      replica,
      clock,
      log,
      onGained: (lease) => this.#begin(lease),
      onLost: () => this.#end(),
    });
  }

  isOurs(): boolean {
    return this.#turn.isOurs();
  }

  get incidentsOpen(): number {
    return this.#correlator?.openCount ?? 0;
  }

  /** An alert that should not wait for others has been stored. */
  wakeUrgently(): void {
    this.#correlator?.wake({ isUrgent: true });
  }

  async start(): Promise<void> {
    this.#stopWaking = this.#options.store.onChange(() => this.#correlator?.wake());
    await this.#turn.start();
  }

  async stop(): Promise<void> {
    this.#stopWaking();
    await this.#turn.stop();
  }

  async #begin(lease: Lease): Promise<void> {
    const { store, config, clock, log, onGrown, onEffects, onDeleted, onOurs } = this.#options;
    const { fatigue, onHandled, onFlowsKept } = this.#options;
    const { windowSeconds, behaviourPods, coolDownSeconds } = config.incidents;
    const correlator = new Correlator({
      store,
      clock,
      log,
      lease,
      settings: {
        windowMs: windowSeconds * 1_000,
        behaviourPods,
        coolDownMs: coolDownSeconds * 1_000,
      },
      onGrown,
      onEffects,
      weigher: fatigue.fatigue,
      onHandled,
    });
    this.#stops = [() => correlator.stop()];
    await correlator.start();
    this.#correlator = correlator;
    const stopRetention = scheduleRetention({ store, clock, log, config, onDeleted,
      onFlowsKept });
    const upkeep = fatigue.upkeep();
    upkeep.start();
    this.#stops = [...this.#stops, stopRetention, () => upkeep.stop()];
    const { outputs } = this.#options;
    outputs.begin(lease);
    this.#stops = [...this.#stops, () => outputs.end()];
    onOurs();
  }

  async #end(): Promise<void> {
    const stops = this.#stops;
    this.#stops = [];
    this.#correlator = undefined;
    for (const stop of stops) await stop();
  }
}
