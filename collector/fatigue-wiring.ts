import { randomUUID } from 'node:crypto';

import type { Logger } from 'pino';

import type { Clock } from './clock.ts';
import type { CollectorConfig } from './config.ts';
import type { BudgetOptions } from './fatigue/alert-budget.ts';
import { Fatigue } from './fatigue/fatigue.ts';
import { MaintenanceBook } from './fatigue/maintenance-book.ts';
import { SuppressionBook } from './fatigue/suppression-book.ts';
import { FatigueUpkeep } from './fatigue/upkeep.ts';
import type { CollectorMetrics } from './metrics.ts';
import type { LoadedPolicy } from './policy/load-policy.ts';
import type { Store } from './store/faces.ts';

/** Wires what keeps the stream of alerts worth reading: rules, windows, cool-downs, budget. */
export type AlertFatigue = {
  readonly fatigue: Fatigue;
  readonly suppressions: SuppressionBook;
  readonly windows: MaintenanceBook;
  readonly budget: BudgetOptions;
  /** For the replica whose turn it is, once per tenure. */
  upkeep(): FatigueUpkeep;
};

export function createAlertFatigue(parts: {
  readonly store: Store;
  readonly config: Pick<CollectorConfig, 'incidents'>;
  readonly policy: () => LoadedPolicy;
  readonly metrics: CollectorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}): AlertFatigue {
  const { store, config, policy, metrics, clock, log } = parts;
  const suppressions =
    new SuppressionBook({ store, clock, newId: () => `suppression-${randomUUID()}` });
  const windows = new MaintenanceBook({ store, clock, newId: () => `window-${randomUUID()}` });
  return {
    fatigue: new Fatigue({
      store,
      agents: store,
      destructive: () => policy().policy.destructiveTechniques,
    }),
    suppressions,
    windows,
    budget: { store, agents: store, falseAlarmsPerDay: config.incidents.falseAlarmsPerDay },
    upkeep: () =>
      new FatigueUpkeep({
        store,
        suppressions,
        windows,
        agents: store,
        clock,
        log,
        onExpired: metrics.silenceExpired,
      }),
  };
}
