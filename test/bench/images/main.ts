import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

import pg from 'pg';

import { blastRadius } from '../../../collector/images/blast-radius.ts';
import { BehaviourIndex } from '../../../collector/images/behaviour-index.ts';
import type { Subject } from '../../../collector/images/wanted-images.ts';
import { openStore } from '../../../collector/store/open-store.ts';
import type { Store } from '../../../collector/store/faces.ts';
import type { SeenRun } from '../../../collector/store/image-face.ts';
import { startPostgres } from '../../postgres/server.ts';

/**
 * The record of which images ran where, full: how fast it is filled, how long each kind of question
 * takes, and how much room a run has, on both stores. `NODES` nodes run `WORKLOADS` workloads of
 * `VERSIONS` versions each; all are built on one base, ten of them on another, too.
 * Ends with 0, or 2 when it was called wrongly.
 */
const HELP = `node test/bench/images/main.ts [options]
  --rows N      runs in the record (default: 1000000)
  --store KIND  sqlite, postgres or both (default: both)
  --json        one JSON object and nothing else
`;
const NODES = 1_000;
const WORKLOADS = 1_000;
const VERSIONS = 5;
const ROWS_PER_CALL = 10_000;
const QUERIES = 20;
const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 23, 12);

const hex = (number: number, letter: string): string =>
  `sha256:${letter}${String(number).padStart(63, '0')}`;
const imageOf = (workload: number, version: number) => ({
  repository: `registry.local/team-${workload % 20}/app-${workload}`,
  tag: `1.${version}`,
  digest: hex(workload * VERSIONS + version, 'd'),
});
const layersOf = (workload: number, version: number): readonly string[] => [
  hex(0, 'a'),
  ...(workload < 10 ? [hex(1, 'a')] : []),
  ...Array.from({ length: 8 }, (_, at) => hex(2 + workload * 100 + version * 10 + at, 'a')),
];

function runOf(number: number): SeenRun {
  const workload = number % WORKLOADS;
  const nth = Math.floor(number / WORKLOADS);
  const version = nth % VERSIONS;
  const node = (workload * 31 + nth * 7) % NODES;
  const lastMs = version === VERSIONS - 1
    ? NOW
    : NOW - (VERSIONS - version) * 6 * DAY_MS + (nth % 97) * 60_000;
  return {
    cluster: 'bench',
    node: `node-${node}`,
    image: imageOf(workload, version),
    namespace: `team-${workload % 20}`,
    workload: `app-${workload}`,
    pod: `app-${workload}-7k4r7fk9xj-${nth.toString(36).padStart(5, '0')}`,
    podUid: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    firstMs: lastMs - DAY_MS,
    lastMs,
    saidMs: lastMs,
    isEnded: version !== VERSIONS - 1,
  };
}

async function fill(store: Store, rows: number): Promise<number> {
  const startMs = performance.now();
  for (let start = 0; start < rows; start += ROWS_PER_CALL) {
    const size = Math.min(ROWS_PER_CALL, rows - start);
    await store.saveImageRuns(Array.from({ length: size }, (_, at) => runOf(start + at)));
  }
  const seconds = (performance.now() - startMs) / 1_000;
  for (let workload = 0; workload < WORKLOADS; workload += 1) {
    await store.saveLayers(Array.from({ length: VERSIONS }, (_, version) => ({
      digest: imageOf(workload, version).digest,
      layers: layersOf(workload, version),
      source: 'node' as const,
    })));
  }
  return seconds;
}

const SUBJECTS: Readonly<Record<string, (at: number) => Subject>> = {
  digest: (at) => ({ kind: 'image',
    reference: { repository: '', tag: '', digest: imageOf(at * 37 % WORKLOADS, 4).digest } }),
  repository: (at) => ({ kind: 'image',
    reference: { repository: imageOf(at * 37 % WORKLOADS, 0).repository, tag: '', digest: '' } }),
  'layer of 10 workloads': () => ({ kind: 'layer', layer: hex(1, 'a') }),
  'layer of all': () => ({ kind: 'layer', layer: hex(0, 'a') }),
};

async function ask(store: Store) {
  const clock = { now: () => NOW, after: () => () => undefined };
  const index = new BehaviourIndex({ store, clock });
  const results: Record<string, Readonly<Record<string, number>>> = {};
  for (const [name, subjectOf] of Object.entries(SUBJECTS)) {
    const times: number[] = [];
    let pods = 0;
    let cpuMs = 0;
    const turns = watchTurns();
    for (let at = 0; at < (name === 'layer of all' ? 3 : QUERIES); at += 1) {
      const startMs = performance.now();
      const cpuBefore = process.cpuUsage();
      const question = { subject: subjectOf(at), days: 30, scope: 'all' as const, limit: 200,
        daysKept: 90 };
      pods = (await blastRadius(question, { store, index, clock })).totals.pods;
      times.push(performance.now() - startMs);
      const { user, system } = process.cpuUsage(cpuBefore);
      cpuMs += (user + system) / 1_000;
    }
    times.sort((left, right) => left - right);
    results[name] = {
      cpuMs: Number((cpuMs / times.length).toFixed(1)),
      p50Ms: Number((times[Math.floor((times.length - 1) / 2)] ?? 0).toFixed(1)),
      maxMs: Number((times.at(-1) ?? 0).toFixed(1)),
      longestTurnMs: Number(turns.stop().toFixed(1)),
      pods,
    };
  }
  return results;
}

/** How long nothing else could run, at most. */
function watchTurns() {
  let longest = 0;
  let last = performance.now();
  let isOver = false;
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  return {
    stop: () => {
      isOver = true;
      return longest;
    },
  };
}

async function measure(path: string, rows: number, bytes: () => Promise<number>) {
  const store = await openStore({ path, clock: { now: () => NOW, after: () => () => undefined } });
  const emptyBytes = await bytes();
  const seconds = await fill(store, rows);
  const questions = await ask(store);
  const startMs = performance.now();
  await store.retain({ ageMs: 90 * DAY_MS, alertsMax: 1_000_000,
    images: { ageMs: 90 * DAY_MS, rowsMax: rows } }, NOW);
  const retainMs = performance.now() - startMs;
  await store.close();
  return {
    rows,
    writesPerSecond: Math.round(rows / seconds),
    bytesPerRun: Number(((await bytes() - emptyBytes) / rows).toFixed(1)),
    retainMs: Math.round(retainMs),
    questions,
  };
}

async function onSqlite(rows: number) {
  const folder = mkdtempSync(join(tmpdir(), 'lanner-images-'));
  const path = join(folder, 'collector.db');
  try {
    const bytes = async (): Promise<number> => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    return await measure(path, rows, bytes);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function onPostgres(rows: number) {
  const server = await startPostgres({ isDurable: true });
  const client = new pg.Client(server.url('postgres'));
  try {
    await client.connect();
    return await measure(server.url('postgres'), rows, async () => {
      const { rows: [row] } = await client.query<{ size: string }>(
        'SELECT pg_database_size(current_database()) AS size');
      return Number(row?.size ?? 0);
    });
  } finally {
    await client.end();
    await server.stop();
  }
}

const { values } = parseArgs({ options: {
  rows: { type: 'string', default: '1000000' },
  store: { type: 'string', default: 'both' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} });
const rows = Number(values.rows);
if (values.help || !Number.isInteger(rows) || rows < 1) {
  process.stdout.write(HELP);
  process.exitCode = values.help ? 0 : 2;
} else {
  const results = {
    ...(values.store === 'postgres' ? {} : { sqlite: await onSqlite(rows) }),
    ...(values.store === 'sqlite' ? {} : { postgres: await onPostgres(rows) }),
  };
  process.stdout.write(`${JSON.stringify(results, null, values.json ? 0 : 2)}\n`);
}
