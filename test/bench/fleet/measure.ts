import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startPostgres } from '../../postgres/server.ts';
import { Crowd } from './crowd.ts';
import { measureLinks } from './measure-links.ts';
import type { LinksMeasured } from './measure-links.ts';
import { measureReturn } from './measure-return.ts';
import type { ReturnMeasured } from './measure-return.ts';
import { measureStore } from './measure-store.ts';
import type { FleetOptions } from './options.ts';

export type FleetMeasured = LinksMeasured & ReturnMeasured & {
  readonly sqliteAlertsPerSecond: number;
  readonly sqliteCpuMsPerThousand: number;
  readonly postgresAlertsPerSecond: number;
  readonly postgresCpuMsPerThousand: number;
};

/** One after the other: they would only measure each other. */
export async function measureFleet(
  options: FleetOptions,
  tell: (line: string) => void,
): Promise<FleetMeasured> {
  const folder = mkdtempSync(join(tmpdir(), 'lanner-bench-fleet-'));
  const crowd = new Crowd(options.clients);
  try {
    tell(`${options.links} links, ${options.active} of them active`);
    const links = await measureLinks(options, join(folder, 'links'), crowd);
    tell(`${options.returning} agents come back`);
    const back = await measureReturn(options, join(folder, 'return'), crowd);
    tell('alerts committed on SQLite');
    const sqlite = await measureStore(join(folder, 'alone.db'), options.seconds);
    tell('alerts committed on PostgreSQL');
    const postgres = await measurePostgres(options.seconds);
    return {
      ...links,
      ...back,
      sqliteAlertsPerSecond: sqlite.alertsPerSecond,
      sqliteCpuMsPerThousand: sqlite.cpuMsPerThousand,
      postgresAlertsPerSecond: postgres.alertsPerSecond,
      postgresCpuMsPerThousand: postgres.cpuMsPerThousand,
      lost: links.lost + back.lost + sqlite.lost + postgres.lost,
      doubled: links.doubled + back.doubled,
    };
  } finally {
    crowd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measurePostgres(seconds: number) {
  const server = await startPostgres({ isDurable: true });
  try {
    return await measureStore(server.url('postgres'), seconds);
  } finally {
    await server.stop();
  }
}
