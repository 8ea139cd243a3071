import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import { Kysely, PostgresDialect, SqliteDialect, sql } from 'kysely';

import { openStore } from '../../../collector/store/open-store.ts';
import { openPool } from '../../../collector/store/postgres.ts';
import { openSqlite } from '../../../collector/store/sqlite.ts';
import type { Tables } from '../../../collector/store/tables.ts';
import { startPostgres } from '../../postgres/server.ts';
import { multiply, seedStore } from './fill.ts';
import { measure } from './measure.ts';
import type { Timing } from './measure.ts';

/**
 * `npm run bench:api`: how long lists, filters, search and counts take over a full store, on SQLite
 * and PostgreSQL. Ends with 0, or 2 when it was called wrongly.
 */
const HELP = `usage: npm run bench:api -- [options]

How long lists, filters, search and counts take over a full store, asked one at a time.

  --alerts N     alerts in the store (default: 1000000)
  --rounds N     how often each question is asked (default: 30)
  --store KIND   sqlite, postgres or both (default: both)
  --json FILE    also write the numbers as one JSON object
  --help         this text
`;

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

type Place = {
  readonly path: string;
  readonly isPostgres: boolean;
  readonly remove: () => Promise<void>;
};

async function placeOf(kind: string): Promise<Place> {
  if (kind === 'postgres') {
    const server = await startPostgres();
    return { path: server.url('postgres'), isPostgres: true, remove: () => server.stop() };
  }
  const folder = mkdtempSync(join(tmpdir(), 'lanner-bench-api-'));
  return {
    path: join(folder, 'collector.db'),
    isPostgres: false,
    remove: async () => rmSync(folder, { recursive: true }),
  };
}

const connect = ({ path, isPostgres }: Place): Kysely<Tables> =>
  new Kysely<Tables>({
    dialect: isPostgres
      ? new PostgresDialect({ pool: openPool(path, () => undefined) })
      : new SqliteDialect({ database: openSqlite(path) }),
  });

type Measured = {
  readonly store: string;
  readonly alerts: number;
  readonly timings: readonly Timing[];
};

async function run(kind: string, alerts: number, rounds: number): Promise<Measured> {
  const place = await placeOf(kind);
  try {
    // One after the other: the embedded file belongs to one connection at a time.
    const seeded = await openStore({ path: place.path });
    await seedStore(seeded);
    await seeded.close();
    const db = connect(place);
    await multiply(db, { alerts, isPostgres: place.isPostgres, onStep: (line) =>
      say(`${kind}: ${line}`) });
    const { rows } = await sql<{ at: number; count: number }>`
      SELECT max(received_at) AS at, count(*) AS count FROM alerts`.execute(db);
    await db.destroy();
    const { at: newestMs = 0, count = 0 } = rows[0] ?? {};
    const store = await openStore({ path: place.path });
    const timings = await measure(store, { rounds, newestMs, count });
    await store.close();
    return { store: kind, alerts: count, timings };
  } finally {
    await place.remove();
  }
}

function reportOf({ store, alerts, timings }: Measured): string {
  const width = Math.max(...timings.map(({ name }) => name.length));
  const lines = timings.map(({ name, p50Ms, p99Ms, cpuMs, found }) =>
    [name.padEnd(width), p50Ms.toFixed(1).padStart(9), p99Ms.toFixed(1).padStart(9),
      cpuMs.toFixed(1).padStart(9), String(found).padStart(7)].join(' '));
  return [`${store}, ${alerts} alerts`.padEnd(width) + '    p50 ms    p99 ms    cpu ms   found',
    ...lines, ''].join('\n');
}

async function main(argv: readonly string[]): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        alerts: { type: 'string', default: '1000000' },
        rounds: { type: 'string', default: '30' },
        store: { type: 'string', default: 'both' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    say(`bench:api: ${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [alerts, rounds] = [Number(values.alerts), Number(values.rounds)];
  const kinds = values.store === 'both' ? ['sqlite', 'postgres'] : [values.store];
  const isValid = Number.isSafeInteger(alerts) && alerts > 0 && Number.isSafeInteger(rounds) &&
    rounds > 0 && kinds.every((kind) => kind === 'sqlite' || kind === 'postgres');
  if (!isValid) {
    say(`bench:api: wrong options\n\n${HELP}`);
    return 2;
  }
  const measured: Measured[] = [];
  for (const kind of kinds) {
    const one = await run(kind, alerts, rounds);
    process.stdout.write(`${reportOf(one)}\n`);
    measured.push(one);
  }
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(measured, null, 2)}\n`);
  }
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
