import type { FleetMeasured } from './measure.ts';

/** The numbers as a table; wall-clock ones depend on what else the machine does, CPU ones less. */
export function reportOf(measured: FleetMeasured): string {
  const rows: readonly (readonly [string, string])[] = [
    ['links connected', `${measured.idleLinks} in ${measured.connectSeconds} s`],
    ['links refused, ended by themselves', `${measured.linksRefused}, ${measured.linksEnded}`],
    ['RSS empty → with idle links', `${measured.emptyRssMiB} → ${measured.idleRssMiB} MiB`],
    ['RSS per link', `${measured.rssKiBPerLink} KiB`],
    ['CPU with idle links', `${measured.idleCpuPercent} % of a core`],
    [
      `${measured.activeLinks} of them with an alert a second`,
      `${measured.calmAlertsPerSecond} alerts/s, acknowledged p50 ${measured.calmAckP50Ms} ms, ` +
        `p99 ${measured.calmAckP99Ms} ms, ${measured.calmCpuPercent} % of a core`,
    ],
    ['with ten', `${measured.activeOfferedPerSecond} alerts/s offered`],
    [
      'acknowledged',
      `${measured.activeAlertsPerSecond} alerts/s, ${measured.activeHeld} batches held`,
    ],
    ['acknowledged after', `p50 ${measured.ackP50Ms} ms, p99 ${measured.ackP99Ms} ms`],
    ['CPU with active links', `${measured.activeCpuPercent} % of a core`],
    ['RSS with active links', `${measured.activeRssMiB} MiB`],
    ['CPU of the agents’ ends', `${measured.activeClientCpuPercent} % of a core`],
    ['not yet in an incident at the end', `${measured.activeUncorrelated} alerts`],
    [
      'catch-up after an hour',
      `${measured.returningAlerts} alerts of ${measured.returningLinks} agents in ` +
        `${measured.catchUpSeconds} s (${measured.catchUpCpuSeconds} s CPU)`,
    ],
    [
      'committed on SQLite',
      `${measured.sqliteAlertsPerSecond} alerts/s, ` +
        `${measured.sqliteCpuMsPerThousand} ms CPU per 1000`,
    ],
    [
      'committed on PostgreSQL',
      `${measured.postgresAlertsPerSecond} alerts/s, ` +
        `${measured.postgresCpuMsPerThousand} ms CPU per 1000`,
    ],
    ['lost, doubled', `${measured.lost}, ${measured.doubled}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}
