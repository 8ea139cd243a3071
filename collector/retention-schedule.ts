import type { Logger } from 'pino';

import type { Clock } from './clock.ts';
import type { CollectorConfig } from './config.ts';
import type { Store } from './store/faces.ts';

/** Deletes what is too old, some time after the start and then every hour. Gives back its stop. */
const FIRST_MS = 60_000;
const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

export function scheduleRetention(options: {
  readonly store: Pick<Store, 'retain'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: Pick<CollectorConfig, 'retention'>;
  readonly onDeleted: (rows: number) => void;
}): () => Promise<void> {
  const { store, clock, log, config, onDeleted } = options;
  const limits = {
    ageMs: config.retention.days * DAY_MS,
    alertsMax: config.retention.alertsMax,
    flows: {
      ageMs: config.retention.flowDays * DAY_MS,
      rowsMax: config.retention.flowsMax,
    },
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
