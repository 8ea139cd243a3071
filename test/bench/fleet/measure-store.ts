import process from 'node:process';

import type { Batch } from '../../../collector/store/faces.ts';
import { openStore } from '../../../collector/store/open-store.ts';
import { alertsOf, CLUSTER, nodeName } from './load.ts';

/** What a store commits when many agents send full batches, each the next when the last is in. */
const AGENTS = 64;
const BATCH_ALERTS = 50;
/** Statements prepared, partitions made. */
const WARM_UP_MS = 500;

export type StoreMeasured = {
  readonly alertsPerSecond: number;
  /** Of this process, for a thousand alerts. */
  readonly cpuMsPerThousand: number;
  readonly lost: number;
};

/** `path` as the collector's setting `store`: a file that is synced at each commit, or a URL. */
export async function measureStore(path: string, seconds: number): Promise<StoreMeasured> {
  const store = await openStore({ path });
  try {
    let stored = 0;
    let untilMs = performance.now() + WARM_UP_MS;
    const sequences = new Array<number>(AGENTS).fill(0);
    const feed = async (index: number): Promise<void> => {
      while (performance.now() < untilMs) {
        const sequence = (sequences[index] ?? 0) + 1;
        sequences[index] = sequence;
        const [outcome] = await store.commitBatches([batchOf(index, sequence)]);
        stored += outcome?.stored.length ?? 0;
      }
    };
    const feedAll = (): Promise<unknown> =>
      Promise.all(sequences.map((_, index) => feed(index)));
    await feedAll();
    const warm = stored;
    const startMs = performance.now();
    const cpu = process.cpuUsage();
    untilMs = startMs + seconds * 1_000;
    await feedAll();
    const elapsedSeconds = (performance.now() - startMs) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    const { alerts } = await store.counts();
    return {
      alertsPerSecond: Math.round((stored - warm) / elapsedSeconds),
      cpuMsPerThousand: Math.round((user + system) / Math.max(1, stored - warm)),
      lost: stored - alerts,
    };
  } finally {
    await store.close();
  }
}

function batchOf(index: number, sequence: number): Batch {
  const node = nodeName(index);
  return {
    cluster: CLUSTER,
    node,
    epoch: 'e',
    sequence,
    alerts: alertsOf(node, sequence * BATCH_ALERTS, BATCH_ALERTS),
    gaps: [],
  };
}
