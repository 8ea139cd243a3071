import type { Logger } from 'pino';

import type { Clock } from './clock.ts';
import type { CollectorConfig } from './config.ts';
import type { FlowsKept } from './flows/flow-store.ts';
import type { Store } from './store/faces.ts';

/**
 * Deletes what is too old, some time after the start and then every hour, and joins the flow
 * ledger's old minutes. Gives back its stop.
 */
const FIRST_MS = 60_000;
const EVERY_MS = 3_600_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export function scheduleRetention(options: {
  readonly store: Pick<Store, 'retain' | 'retainFlows'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: Pick<CollectorConfig, 'retention'>;
  readonly onDeleted: (rows: number) => void;
  readonly onFlowsKept: (kept: FlowsKept) => void;
}): () => Promise<void> {
  const { store, clock, log, config, onDeleted, onFlowsKept } = options;
  const limits = {
    ageMs: config.retention.days * DAY_MS,
    alertsMax: config.retention.alertsMax,
    images: {
      ageMs: config.retention.imageDays * DAY_MS,
      rowsMax: config.retention.imageRunsMax,
    },
  };
  const { flowDays, flowMinuteHours, flowsMax } = config.retention;
  const flowLimits = {
    ageMs: flowDays * DAY_MS,
    minutesMs: flowMinuteHours * HOUR_MS,
    rowsMax: flowsMax,
  };
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;
  let cancel = clock.after(FIRST_MS, run);

  function run(): void {
    running = store.retain(limits, clock.now())
      .then((rows) => {
        onDeleted(rows);
        if (rows > 0) log.info({ rows }, 'old records deleted');
      })
      .catch((error: unknown) => {
        log.error({ err: error }, 'old records could not be deleted, trying again in an hour');
      })
      .then(() => store.retainFlows(flowLimits, clock.now(), () => isStopped))
      .then((kept) => {
        onFlowsKept(kept);
        if (kept.damaged > 0) log.error(kept, 'flows could not be read any more and were deleted');
        const isIdle = Object.values(kept).every((flows) => flows === 0);
        if (!isIdle) log.info(kept, 'the flow ledger was kept within its limits');
      })
      .catch((error: unknown) => {
        log.error({ err: error }, 'the flow ledger could not be kept, trying again in an hour');
      })
      .finally(() => {
        if (!isStopped) cancel = clock.after(EVERY_MS, run);
      });
  }

  return async () => {
    isStopped = true;
    cancel();
    await running;
  };
}
