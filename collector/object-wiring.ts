import type { Logger } from 'pino';

import type { Clock } from './clock.ts';
import type { CollectorConfig } from './config.ts';
import { AddressKeeper } from './kube/address-keeper.ts';
import type { AddressStore } from './kube/address-keeper.ts';
import type { Kube } from './kube/kube.ts';
import { ObjectBook } from './kube/object-book.ts';
import { ObjectMetrics } from './kube/object-metrics.ts';
import type { CollectorMetrics } from './metrics.ts';

/** What is listed of the cluster where the settings want it, and the notes that are taken of it. */
const DAY_MS = 86_400_000;

export type ObjectParts = {
  readonly config: Pick<CollectorConfig, 'kube' | 'retention'>;
  readonly store: AddressStore;
  readonly kube: Kube | undefined;
  readonly isOurs: () => boolean;
  readonly metrics: CollectorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
};

export type Objects = {
  readonly book: ObjectBook;
  start(): void;
  stop(): Promise<void>;
};

export function createObjects(parts: ObjectParts): Objects {
  const { config, store, kube, isOurs, metrics: { registry }, clock, log } = parts;
  const { listObjects, listSeconds } = config.kube;
  const metrics = new ObjectMetrics(registry);
  const listing = listObjects ? kube : undefined;
  const book = new ObjectBook({ kube: listing, clock, onListed: metrics.listed });
  const keeper = listing === undefined ? undefined : new AddressKeeper({
    book,
    store,
    clock,
    log,
    everyMs: listSeconds * 1_000,
    // As long as the flows, whose addresses they explain.
    keptMs: config.retention.flowDays * DAY_MS,
    isOurs,
    onDropped: metrics.spansDropped,
  });
  return {
    book,
    start: () => keeper?.start(),
    stop: async () => keeper?.stop(),
  };
}
