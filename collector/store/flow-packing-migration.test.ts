import { DatabaseSync } from 'node:sqlite';

import pg from 'pg';
import { expect, test } from 'vitest';

import { systemClock } from '../clock.ts';
import { MINUTE } from '../testing/flows.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StoreKind } from '../testing/store-places.ts';
import { sqliteDialect } from './dialect.ts';
import { migrations } from './migrations.ts';
import { openStore } from './open-store.ts';
import { postgresDialect } from './postgres.ts';

const PARTS = 7;
const SLOT = MINUTE / 60_000;
const FLOWS = 1_203;

/** What version 7 wrote: a table per part, a row per flow. */
function oldLedger(kind: StoreKind): readonly string[] {
  const dialect = kind === 'SQLite' ? sqliteDialect(systemClock) : postgresDialect('r');
  const schema = migrations.filter(({ number }) => number <= PARTS).flatMap((migration) =>
    `${migration[dialect.name] ?? ''};${migration.sql}`.split(';'));
  const flow = (n: number): string =>
    `(${n}, 1, ${1 + n % 2}, 1, ${SLOT + n % 2}, ${n}, ${n + 5}, 3, ${n % 8}, 2, '${
      n % 3 === 0 ? '' : '4v 1ekf'}')`;
  return [
    'CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER)',
    ...schema.filter((statement) => statement.trim() !== ''),
    ...migrations.filter(({ number }) => number <= PARTS).map(({ number }) =>
      `INSERT INTO migrations VALUES (${number}, 'm', 0)`),
    `INSERT INTO flow_nodes (cluster, node) VALUES ('c1', 'node-1')`,
    `INSERT INTO flow_peers (address, port, direction, protocol, name, last_part) VALUES
      ('203.0.113.9', 443, 'out', 'tcp', 'pay.example', 1),
      ('203.0.113.9', 80, 'out', 'tcp', '', 1)`,
    `INSERT INTO flow_actors (key, node, namespace, pod, workload, document, last_part) VALUES
      ('k', 1, 'shop', 'web-1', 'web', '{"localAddress":"10.0.0.1","process":"app"}', 1)`,
    `INSERT INTO flow_parts (created_at, flows, first_minute, last_minute)
      VALUES (1, ${FLOWS}, ${SLOT}, ${SLOT + 1})`,
    `CREATE TABLE flows_1 (number INTEGER PRIMARY KEY, node INT NOT NULL, peer INT NOT NULL,
      actor INT NOT NULL, minute INT NOT NULL, first INT NOT NULL, last INT NOT NULL,
      count INT NOT NULL, outcome SMALLINT NOT NULL, beyond INT NOT NULL, ports TEXT NOT NULL)`,
    `INSERT INTO flows_1 VALUES ${Array.from({ length: FLOWS }, (_, n) => flow(n)).join(', ')}`,
  ].map((statement) => dialect.ddl(statement));
}

test.each(storeKinds)('flows that lay in parts are packed on %s, none is lost', async (kind) => {
  const place = await storePlace(kind);
  if (kind === 'SQLite') {
    const database = new DatabaseSync(place.path);
    for (const statement of oldLedger(kind)) database.exec(statement);
    database.close();
  } else {
    const client = new pg.Client(place.path);
    await client.connect();
    for (const statement of oldLedger(kind)) await client.query(statement);
    await client.end();
  }
  const clock = { now: () => MINUTE + 90_000, after: systemClock.after.bind(systemClock) };
  const store = await openStore({ path: place.path, clock });
  try {
    expect(await store.flowLevels())
      .toEqual({ minuteFlows: FLOWS, hourFlows: 0, oldestMs: MINUTE });
    const { rows } = await store.listFlows({ scope: 'all' }, { limit: 5_000 });
    expect(rows).toHaveLength(FLOWS);
    expect(rows.every(({ count }) => count === 3)).toBe(true);
    const seventh = rows.find(({ firstMs }) => firstMs === MINUTE + 60_000 + 7);
    expect(seventh).toMatchObject({ who: { node: 'node-1', pod: 'web-1', process: 'app' },
      address: '203.0.113.9', port: 80, outcome: 'failed', folded: true, portsBeyond: 2,
      lastMs: MINUTE + 60_000 + 12, sourcePorts: [175, 65_535] });
    await store.retainFlows({ ageMs: 86_400_000, minutesMs: 3_600_000, rowsMax: FLOWS },
      MINUTE + 3 * 3_600_000);
    expect((await store.listFlows({ scope: 'all', port: 443 }, { limit: 9_000 })).rows
      .reduce((sum, { count }) => sum + count, 0)).toBe(3 * Math.ceil(FLOWS / 2));
  } finally {
    await store.close();
    await place.remove();
  }
}, 60_000);
