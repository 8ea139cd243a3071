import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { CollectorProcess } from './collector-process.ts';
import type { Crowd } from './crowd.ts';
import { compare, countAlerts } from './embedded-count.ts';
import type { FleetOptions } from './options.ts';

/** Connected agents that only say that they live, then some of them with alerts. */
const ALERTS_PER_BATCH = 10;
/** An alert per agent and second is a bad day already; ten are a flood. */
const ALERTS_PER_BATCH_CALM = 1;
/** For what the connecting left behind to be collected. */
const SETTLE_MS = 5_000;

export type LinksMeasured = {
  readonly idleLinks: number;
  readonly linksRefused: number;
  readonly linksEnded: number;
  readonly connectSeconds: number;
  readonly emptyRssMiB: number;
  readonly idleRssMiB: number;
  readonly rssKiBPerLink: number;
  readonly idleCpuPercent: number;
  readonly calmAlertsPerSecond: number;
  readonly calmAckP50Ms: number;
  readonly calmAckP99Ms: number;
  readonly calmCpuPercent: number;
  readonly activeLinks: number;
  readonly activeOfferedPerSecond: number;
  readonly activeAlertsPerSecond: number;
  /** Batches that a full window kept back. */
  readonly activeHeld: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly activeCpuPercent: number;
  readonly activeRssMiB: number;
  readonly activeClientCpuPercent: number;
  readonly activeUncorrelated: number;
  readonly lost: number;
  readonly doubled: number;
};

const MIB = 1_024;
const rounded = (value: number): number => Math.round(value * 10) / 10;

export async function measureLinks(
  options: FleetOptions,
  folder: string,
  crowd: Crowd,
): Promise<LinksMeasured> {
  const collector = await CollectorProcess.start(folder);
  try {
    const idle = await measureIdle(options, collector, crowd);
    const calm = await measureActive(options, collector, crowd, ALERTS_PER_BATCH_CALM);
    const flood = await measureActive(options, collector, crowd, ALERTS_PER_BATCH);
    const linksEnded = await crowd.close();
    await collector.stop();
    const held = countAlerts(join(folder, 'collector.db'));
    return {
      ...idle,
      linksEnded,
      calmAlertsPerSecond: calm.alertsPerSecond,
      calmAckP50Ms: calm.ackP50Ms,
      calmAckP99Ms: calm.ackP99Ms,
      calmCpuPercent: calm.cpuPercent,
      activeLinks: options.active,
      activeOfferedPerSecond: options.active * ALERTS_PER_BATCH,
      activeAlertsPerSecond: flood.alertsPerSecond,
      activeHeld: flood.held,
      ackP50Ms: flood.ackP50Ms,
      ackP99Ms: flood.ackP99Ms,
      activeCpuPercent: flood.cpuPercent,
      activeRssMiB: flood.rssMiB,
      activeClientCpuPercent: flood.clientCpuPercent,
      activeUncorrelated: held.uncorrelated,
      ...compare(calm.acknowledged + flood.acknowledged, held),
    };
  } finally {
    await collector.kill();
  }
}

async function measureIdle(
  { links, seconds }: FleetOptions,
  collector: CollectorProcess,
  crowd: Crowd,
) {
  const empty = collector.usage();
  const openMs = performance.now();
  const opened = await crowd.open(collector.address, links);
  const connectSeconds = (performance.now() - openMs) / 1_000;
  await wait(Math.min(SETTLE_MS, seconds * 1_000));
  const used = await during(collector, () => wait(seconds * 1_000));
  const idleLinks = opened.reduce((sum, each) => sum + each.opened, 0);
  return {
    idleLinks,
    linksRefused: opened.reduce((sum, each) => sum + each.refused, 0),
    connectSeconds: rounded(connectSeconds),
    emptyRssMiB: rounded(empty.rssKiB / MIB),
    idleRssMiB: rounded(used.rssKiB / MIB),
    rssKiBPerLink: rounded((used.rssKiB - empty.rssKiB) / Math.max(1, idleLinks)),
    idleCpuPercent: used.cpuPercent,
  };
}

async function measureActive(
  { active, seconds }: FleetOptions,
  collector: CollectorProcess,
  crowd: Crowd,
  alertsPerBatch: number,
) {
  const used = await during(collector, () => crowd.load(active, alertsPerBatch, seconds));
  const { value: loaded } = used;
  const sum = (of: (each: typeof loaded[number]) => number): number =>
    loaded.reduce((total, each) => total + of(each), 0);
  const acknowledged = sum((each) => each.acknowledged);
  const latencies = loaded.flatMap(({ latenciesMs }) => latenciesMs).toSorted((a, b) => a - b);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return {
    acknowledged,
    // Until the last of them: what is offered beyond what the collector can take comes later.
    alertsPerSecond: Math.round(acknowledged / used.seconds),
    held: sum(({ held }) => held),
    ackP50Ms: rounded(at(0.5)),
    ackP99Ms: rounded(at(0.99)),
    cpuPercent: used.cpuPercent,
    rssMiB: rounded(used.rssKiB / MIB),
    clientCpuPercent: rounded((sum(({ cpuSeconds }) => cpuSeconds) / used.seconds) * 100),
  };
}

/** 100 % is one core. */
async function during<T>(collector: CollectorProcess, work: () => Promise<T>) {
  const before = collector.usage();
  const startMs = performance.now();
  const value = await work();
  const seconds = (performance.now() - startMs) / 1_000;
  const after = collector.usage();
  const cpuPercent = rounded(((after.cpuSeconds - before.cpuSeconds) / seconds) * 100);
  return { value, seconds, cpuPercent, rssKiB: after.rssKiB };
}
