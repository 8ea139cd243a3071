/**
 * Alerts committed per second: agents that each send batches of 50 and wait for every commit, on
 * SQLite and on PostgreSQL (1 and 2 replicas), with fsync. `node test/bench/store/main.ts [seconds]`
 * prints one JSON object.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { openStore } from '../../../collector/store/open-store.ts';
import type { Store } from '../../../collector/store/faces.ts';
import { anAlert } from '../../../collector/testing/alerts.ts';
import { startPostgres } from '../../postgres/server.ts';

const AGENTS = 64;
const IN_FLIGHT = 4;
const ALERTS_PER_BATCH = 50;
const seconds = Number(process.argv[2] ?? 5);

async function measure(epoch: string, stores: readonly Store[]): Promise<number> {
  const endMs = performance.now() + seconds * 1_000;
  const startMs = performance.now();
  let committed = 0;
  await Promise.all(Array.from({ length: AGENTS }, async (_, agent) => {
    const store = stores[agent % stores.length];
    if (store === undefined) return;
    let sequence = 0;
    while (performance.now() < endMs) {
      const batches = Array.from({ length: IN_FLIGHT }, () => {
        sequence += 1;
        const alerts = Array.from({ length: ALERTS_PER_BATCH }, (__, n) =>
          anAlert({ id: `${epoch}-${agent}-${sequence}-${n}`, node: `n${agent}` }));
        return { cluster: 'c', node: `n${agent}`, epoch, sequence, alerts, gaps: [] };
      });
      await store.commitBatches(batches);
      committed += IN_FLIGHT * ALERTS_PER_BATCH;
    }
  }));
  const perSecond = committed / ((performance.now() - startMs) / 1_000);
  await Promise.all(stores.map((store) => store.close()));
  return Math.round(perSecond);
}

const folder = mkdtempSync(join(tmpdir(), 'lanner-bench-'));
const sqlite = await measure('a', [await openStore({ path: join(folder, 'collector.db') })]);
rmSync(folder, { recursive: true });

const server = await startPostgres({ isDurable: true });
const path = server.url('postgres');
const postgres = await measure('b', [await openStore({ path })]);
const postgresTwo = await measure('c', [await openStore({ path }), await openStore({ path })]);
await server.stop();

console.log(JSON.stringify({
  sqliteAlertsPerSecond: sqlite,
  postgresAlertsPerSecond: postgres,
  postgresTwoReplicasAlertsPerSecond: postgresTwo,
}));
