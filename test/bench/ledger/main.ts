import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import pg from 'pg';

import type { Store } from '../../../collector/store/faces.ts';
import { openStore } from '../../../collector/store/open-store.ts';
import { startPostgres } from '../../postgres/server.ts';
import { FLOWS_PER_CHUNK, MINUTE_MS, NODES, START, chunkOf } from './load.ts';
import { SHARED_ADDRESS, SHARED_BY, ask } from './questions.ts';
import type { Times } from './questions.ts';

/**
 * The flow ledger full: how fast it is filled, how long the question takes who was behind a
 * connection, how much room a flow has, and the same after minutes became hours, on both stores.
 * Ends with 0, or 2 when it was called wrongly.
 */
const HELP = `bench:ledger [options]
  --rows N      flows in the ledger (default: 1000000)
  --store KIND  sqlite, postgres or both (default: both)
  --json        one JSON object and nothing else
`;
const CHUNKS_PER_CALL = 8;
const DAY_MS = 86_400_000;

type Result = {
  readonly rows: number;
  readonly ingestPerSecond: number;
  readonly queryP50Ms: number;
  readonly queryP99Ms: number;
  readonly queryMaxMs: number;
  readonly bytesPerFlow: number;
  readonly questions: Pick<Times, 'p99Of' | 'candidatesOf'>;
  /** After all minutes became hours. */
  readonly hours: {
    readonly rows: number;
    readonly joinedPerSecond: number;
    readonly queryP50Ms: number;
    readonly queryP99Ms: number;
    readonly bytesPerFlow: number;
    /** Of the ledger, by the flows that were sent. */
    readonly bytesPerMinuteFlow: number;
  };
};

type Place = {
  readonly path: string;
  /** What is used of it, with the store closed; `isJoined`: much of it was deleted just now. */
  readonly usedBytes: (isJoined?: boolean) => Promise<number>;
};

async function fill(store: Store, rows: number): Promise<number> {
  const startMs = performance.now();
  const chunks = Math.ceil(rows / FLOWS_PER_CHUNK);
  for (let next = 0; next < chunks; next += CHUNKS_PER_CALL) {
    const size = Math.min(CHUNKS_PER_CALL, chunks - next);
    await store.commitBatches(Array.from({ length: size }, (_, offset) => {
      const number = next + offset;
      const node = number % NODES;
      const minute = Math.floor(number / NODES);
      return { cluster: 'bench', node: `node-${node}`, epoch: 'e', sequence: minute + 1,
        alerts: [], gaps: gapsOf(node, minute), flows: chunkOf(node, minute) };
    }));
  }
  return (performance.now() - startMs) / 1_000;
}

/** Nodes that share an address have one every ten minutes. */
function gapsOf(node: number, minute: number) {
  if (node >= SHARED_BY || minute % 10 !== 0) return [];
  const at = new Date(START + minute * MINUTE_MS).toISOString().replace('Z', '000000Z');
  return [{ from: at, to: at, cause: 'falco-drop' as const, eventsEstimate: 1 }];
}

async function saveAgents(store: Store): Promise<void> {
  await store.saveAgents(Array.from({ length: NODES }, (_, node) => ({
    cluster: 'bench', node: `node-${node}`, epoch: 'e', protocol: 1, agentVersion: '',
    falcoVersion: '', capabilities: [], connectedAtMs: 1, lastSeenMs: 1, heartbeat: null,
    addresses: [`10.0.0.${node}`, ...node < SHARED_BY ? [SHARED_ADDRESS] : []],
  })));
}

async function measure({ path, usedBytes }: Place, rows: number): Promise<Result> {
  // Each step on a store that was opened for it: nothing is remembered from the one before.
  const withStore = async <T>(work: (store: Store) => Promise<T>): Promise<T> => {
    const store = await openStore({ path });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  };
  await withStore(saveAgents);
  const emptyBytes = await usedBytes();
  const seconds = await withStore((store) => fill(store, rows));
  const fullBytes = await usedBytes() - emptyBytes;
  const minutes = Math.max(1, Math.floor(rows / FLOWS_PER_CHUNK / NODES));
  const byMinute = await withStore((store) => ask(store, minutes));
  const startMs = performance.now();
  const joined = await withStore((store) => store.retainFlows(
    { ageMs: 3_650 * DAY_MS, minutesMs: 0, rowsMax: 1_000_000_000 }, Date.now()));
  const joinSeconds = (performance.now() - startMs) / 1_000;
  const { hourFlows } = await withStore((store) => store.flowLevels());
  const byHour = await withStore((store) => ask(store, minutes));
  const hourBytes = await usedBytes(true) - emptyBytes;
  const { p99Of, candidatesOf } = byMinute;
  return {
    rows,
    ingestPerSecond: Math.round(rows / seconds),
    queryP50Ms: byMinute.p50,
    queryP99Ms: byMinute.p99,
    queryMaxMs: byMinute.max,
    bytesPerFlow: tenth(fullBytes / rows),
    questions: { p99Of, candidatesOf },
    hours: {
      rows: hourFlows,
      joinedPerSecond: Math.round(joined.joined / joinSeconds),
      queryP50Ms: byHour.p50,
      queryP99Ms: byHour.p99,
      bytesPerFlow: tenth(hourBytes / hourFlows),
      bytesPerMinuteFlow: tenth(hourBytes / rows),
    },
  };
}

const tenth = (value: number): number => Number(value.toFixed(1));

async function onSqlite(rows: number): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'lanner-ledger-'));
  const path = join(folder, 'collector.db');
  const usedBytes = async (): Promise<number> => {
    const database = new DatabaseSync(path, { readOnly: true });
    const of = (name: string): number =>
      Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
    // What was deleted is used again and is no growth.
    const used = (of('page_count') - of('freelist_count')) * of('page_size');
    database.close();
    return used;
  };
  try {
    return await measure({ path, usedBytes }, rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function onPostgres(rows: number): Promise<Result> {
  const server = await startPostgres({ isDurable: true });
  const client = new pg.Client(server.url('postgres'));
  try {
    await client.connect();
    const usedBytes = async (isJoined = false): Promise<number> => {
      // As above: what autovacuum gives back to the table is used again.
      if (isJoined) await client.query('VACUUM FULL');
      const { rows: [row] } = await client.query(
        'SELECT pg_database_size(current_database()) AS n');
      return Number((row as { n: string }).n);
    };
    return await measure({ path: server.url('postgres'), usedBytes }, rows);
  } finally {
    await client.end();
    await server.stop();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: {
    rows: { type: 'string', default: '1000000' },
    store: { type: 'string', default: 'both' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } });
  const rows = Number(values.rows);
  const isKind = ['sqlite', 'postgres', 'both'].includes(values.store);
  if (values.help || !Number.isSafeInteger(rows) || rows < FLOWS_PER_CHUNK || !isKind) {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  const results: Record<string, Result> = {};
  if (values.store !== 'postgres') results['sqlite'] = await onSqlite(rows);
  if (values.store !== 'sqlite') results['postgres'] = await onPostgres(rows);
  if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
  else process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  return 0;
}

process.exitCode = await main();
