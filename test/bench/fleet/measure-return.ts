import { join } from 'node:path';

import { CollectorProcess } from './collector-process.ts';
import type { Crowd } from './crowd.ts';
import { compare, countAlerts } from './embedded-count.ts';
import type { FleetOptions } from './options.ts';

/** After an hour without a collector: one alert a minute on each node, all of them back at once. */
const ALERTS_HELD = 60;

export type ReturnMeasured = {
  readonly returningLinks: number;
  readonly returningAlerts: number;
  /** From the first connection until the last acknowledgement. */
  readonly catchUpSeconds: number;
  readonly catchUpCpuSeconds: number;
  readonly catchUpRefused: number;
  readonly catchUpRssMiB: number;
  readonly lost: number;
  readonly doubled: number;
};

export async function measureReturn(
  { returning }: FleetOptions,
  folder: string,
  crowd: Crowd,
): Promise<ReturnMeasured> {
  const collector = await CollectorProcess.start(folder);
  try {
    const before = collector.usage();
    const back = await crowd.comeBack(collector.address, returning, ALERTS_HELD);
    const after = collector.usage();
    await crowd.close();
    await collector.stop();
    const acknowledged = back.reduce((sum, each) => sum + each.acknowledged, 0);
    const { lost, doubled } = compare(acknowledged, countAlerts(join(folder, 'collector.db')));
    const alerts = returning * ALERTS_HELD;
    return {
      returningLinks: returning,
      returningAlerts: alerts,
      catchUpSeconds: Math.round(Math.max(...back.map(({ seconds }) => seconds)) * 10) / 10,
      catchUpCpuSeconds: Math.round((after.cpuSeconds - before.cpuSeconds) * 10) / 10,
      catchUpRefused: back.reduce((sum, { refused }) => sum + refused, 0),
      catchUpRssMiB: Math.round(after.rssKiB / 1_024),
      // What was never acknowledged did not arrive, either.
      lost: lost + (alerts - acknowledged),
      doubled,
    };
  } finally {
    await collector.kill();
  }
}
