import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import pg from 'pg';

import { who } from '../../../collector/flows/who.ts';
import { openStore } from '../../../collector/store/open-store.ts';
import type { Store } from '../../../collector/store/faces.ts';
import type { Flow, FlowActor, FlowChunk } from '../../../proto/lanner/v1/frames.ts';
import { startPostgres } from '../../postgres/server.ts';

/**
 * The flow ledger full: how fast it is filled, how long the question takes who was behind a
 * connection, and how much room a flow has, on both stores. Flows are those of `NODES` nodes with
 * `PODS` pods each, a third of them to one destination that everybody uses. Ends with 0, or 2 when
 * it was called wrongly.
 */
const HELP = `bench:ledger [options]
  --rows N      flows in the ledger (default: 1000000)
  --store KIND  sqlite, postgres or both (default: both)
  --json        one JSON object and nothing else
`;
const NODES = 100;
const PODS = 20;
const FLOWS_PER_CHUNK = 500;
const CHUNKS_PER_CALL = 8;
const QUERIES = 200;
const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 10, 1);
const DESTINATIONS = 2_000;

type Result = {
  readonly rows: number;
  readonly ingestPerSecond: number;
  readonly queryP50Ms: number;
  readonly queryP99Ms: number;
  readonly bytesPerFlow: number;
  readonly candidatesMean: number;
};

const actorOf = (node: number, pod: number): FlowActor => ({
  namespace: `team-${pod % 5}`,
  pod: `app-${pod}-7k4r7fk9xj-n${node}`,
  podUid: `00000000-0000-4000-8000-${String(node).padStart(6, '0')}${String(pod).padStart(6, '0')}`,
  workload: `app-${pod}`,
  containerId: `c0ff${String(node).padStart(4, '0')}${String(pod).padStart(4, '0')}`,
  containerName: 'app',
  image: { repository: `registry.local/shop/app-${pod}`, tag: '1.0',
    digest: `sha256:${'a'.repeat(64)}` },
  process: 'app',
  exe: '/usr/bin/app',
});

const addressOf = (number: number): string =>
  number === 0 ? '203.0.113.9' : `198.51.${number >> 8}.${number & 255}`;

/** Of one node and minute; numbers that look like chance and are the same each time. */
function chunkOf(node: number, minute: number): FlowChunk {
  const actors = Array.from({ length: PODS }, (_, pod) => actorOf(node, pod));
  const startMs = START + minute * MINUTE_MS;
  const flows = Array.from({ length: FLOWS_PER_CHUNK }, (_, at): Flow => {
    const mixed = (Math.imul(node * 7_919 + minute * 104_729 + at, 2_654_435_761) >>> 8);
    const pod = at % PODS;
    const far = at % 3 === 0 && at < 3 * PODS ? 0 : 1 + mixed % DESTINATIONS;
    const first = startMs + mixed % 30_000;
    return {
      actor: pod, direction: 'out', protocol: 'tcp', remoteAddress: addressOf(far), port: 443,
      localAddress: `10.244.${node}.${pod}`, outcome: 'ok', name: '', first,
      last: first + mixed % 25_000, count: 1 + mixed % 9,
      sourcePorts: [32_768 + mixed % 28_000, 32_768 + mixed % 27_000], portsBeyond: 0,
      folded: false,
    };
  });
  return { minute: startMs, actors, flows, watched: { from: startMs, to: startMs + MINUTE_MS } };
}

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
        alerts: [], gaps: [], flows: chunkOf(node, minute) };
    }));
  }
  return (performance.now() - startMs) / 1_000;
}

async function ask(store: Store, rows: number) {
  const minutes = Math.max(1, Math.floor(rows / FLOWS_PER_CHUNK / NODES));
  const times: number[] = [];
  let candidates = 0;
  for (let at = 0; at < QUERIES; at += 1) {
    const startMs = performance.now();
    const answer = await who(store, {
      nodeIp: `10.0.0.${at % NODES}`,
      dst: addressOf(at % 2 === 0 ? 0 : 1 + (at * 37) % DESTINATIONS),
      dstPort: 443,
      atMs: START + ((at * 7_919) % minutes) * MINUTE_MS,
      windowMs: 120_000,
    }, START + 400 * 86_400_000);
    times.push(performance.now() - startMs);
    candidates += answer.candidates.length;
  }
  times.sort((left, right) => left - right);
  const rank = (share: number): number => times[Math.floor((times.length - 1) * share)] ?? 0;
  return { p50: rank(0.5), p99: rank(0.99), candidates: candidates / QUERIES };
}

async function measure(
  path: string,
  rows: number,
  bytes: () => Promise<number>,
): Promise<Result> {
  const store = await openStore({ path });
  await store.saveAgents(Array.from({ length: NODES }, (_, node) => ({
    cluster: 'bench', node: `node-${node}`, epoch: 'e', protocol: 1, agentVersion: '',
    falcoVersion: '', capabilities: [], addresses: [`10.0.0.${node}`], connectedAtMs: 1,
    lastSeenMs: 1, heartbeat: null,
  })));
  const emptyBytes = await bytes();
  const seconds = await fill(store, rows);
  const { p50, p99, candidates } = await ask(store, rows);
  await store.close();
  return {
    rows,
    ingestPerSecond: Math.round(rows / seconds),
    queryP50Ms: Number(p50.toFixed(2)),
    queryP99Ms: Number(p99.toFixed(2)),
    bytesPerFlow: Number(((await bytes() - emptyBytes) / rows).toFixed(1)),
    candidatesMean: candidates,
  };
}

async function onSqlite(rows: number): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'lanner-ledger-'));
  const path = join(folder, 'collector.db');
  try {
    return await measure(path, rows, async () => statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function onPostgres(rows: number): Promise<Result> {
  const server = await startPostgres({ isDurable: true });
  const url = server.url('postgres');
  const client = new pg.Client(url);
  try {
    await client.connect();
    return await measure(url, rows, async () => {
      const { rows: [row] } = await client.query('SELECT pg_database_size(current_database()) AS n');
      return Number((row as { n: string }).n);
    });
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
  else console.table(results);
  return 0;
}

process.exitCode = await main();
