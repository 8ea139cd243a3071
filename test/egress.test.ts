import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { startAgent } from '../agent/agent.ts';
import { Baseline } from '../baseline/baseline.ts';
import type { WhoAnswerView } from '../collector/api/contract/egress.ts';
import { startTestCollector } from '../collector/testing/start.ts';
import type { TestCollector } from '../collector/testing/start.ts';

/**
 * The whole way of the flow ledger: recorded events through a real agent and its outbox to a
 * collector, which is then asked who was behind the connections of a recorded attack.
 */
const RECORDING = join(import.meta.dirname, '../demo/recording');
const TEST_MS = 180_000;
const NODE_IP = '10.0.3.7';

type Fields = Readonly<Record<string, string | number | null>>;
type Recorded = { readonly time: string; readonly output_fields: Fields };

let collector: TestCollector;
let connections: readonly Recorded[];
let counted = 0;

async function recordedConnections(): Promise<readonly Recorded[]> {
  const found: Recorded[] = [];
  const file = createReadStream(join(RECORDING, 'events-00.jsonl.gz')).pipe(createGunzip());
  for await (const line of createInterface({ input: file })) {
    if (line.includes('"lanner connect"')) found.push(JSON.parse(line) as Recorded);
  }
  return found;
}

beforeAll(async () => {
  connections = await recordedConnections();
  collector = await startTestCollector();
  const folder = mkdtempSync(join(tmpdir(), 'lanner-egress-'));
  const names = { cluster: 'lab', node: 'node-a' };
  const agent = await startAgent({
    ...names,
    addresses: [NODE_IP],
    version: '0.1.0-test',
    source: { kind: 'replay', path: RECORDING, speed: Infinity },
    baseline: new Baseline(names),
    outbox: { path: join(folder, 'outbox.sqlite') },
    profileCache: null,
    link: { address: collector.addresses.link, tls: null },
    http: null,
    registry: new Registry(),
    log: pino({ level: 'silent' }),
  });
  await agent.ended;
  await vi.waitUntil(() => agent.stats().link.isLinked, { timeout: 30_000 });
  await vi.waitUntil(() => agent.stats().outbox.flows.pending === 0, { timeout: 60_000 });
  counted = agent.stats().flows.counted;
  const { isDrained } = await agent.stop();
  if (!isDrained) throw new Error('the agent could not deliver all it had');
  rmSync(folder, { recursive: true });
}, TEST_MS);

afterAll(() => collector.stop());

async function get<T>(path: string): Promise<T> {
  const response = await fetch(collector.addresses.api + path, {
    headers: { authorization: `Bearer ${collector.token}` },
  });
  expect(response.status).toBe(200);
  return await response.json() as T;
}

const text = (fields: Fields, name: string): string => String(fields[name] ?? '');

async function askedFor({ time, output_fields: fields }: Recorded): Promise<WhoAnswerView> {
  const query = new URLSearchParams({
    nodeIp: NODE_IP,
    dst: text(fields, 'fd.sip'),
    dstPort: text(fields, 'fd.sport'),
    srcPort: text(fields, 'fd.cport'),
    at: time,
    windowSeconds: '60',
  });
  return await get<WhoAnswerView>(`/api/v1/egress/who?${query.toString()}`);
}

test('what a recorded attack connected to names its pod, process and image', async () => {
  const outside = connections.filter(({ output_fields: fields }) =>
    /^(198\.51\.100|203\.0\.113)\./.test(text(fields, 'fd.sip')));
  expect(outside.length).toBeGreaterThan(300);
  // The one that happened once, and of the many every tenth.
  const asked = outside.filter(({ output_fields: fields }, at) =>
    at % 10 === 0 || text(fields, 'fd.sip') === '203.0.113.77');
  for (const recorded of asked) {
    const { output_fields: fields } = recorded;
    const { candidates, doubts, verdict } = await askedFor(recorded);
    expect(['one', 'several']).toContain(verdict);
    // Not all of the minute before the first event, and after the last, was watched.
    const isWithin = recorded.time > '2026-11-23T11:39' && recorded.time < '2026-11-23T11:57';
    if (isWithin) expect(['', 'without-address']).toContain(doubts.join(' '));
    expect(candidates).toContainEqual(expect.objectContaining({
      pod: text(fields, 'k8s.pod.name'),
      namespace: text(fields, 'k8s.ns.name'),
      exe: text(fields, 'proc.exepath'),
      image: expect.objectContaining({ repository: text(fields, 'container.image.repository') }),
    }));
    if (text(fields, 'fd.sip') !== '203.0.113.77') continue;
    expect(verdict).toBe('one');
    expect(candidates[0]?.likelihood).toBe('source-port');
  }
}, TEST_MS);

test('before the recording began nobody watched, and to nowhere nobody went', async () => {
  const [first] = connections;
  if (first === undefined) throw new Error('the recording has connections');
  const before = { ...first, time: '2026-11-22T00:00:00Z' };
  expect(await askedFor(before)).toMatchObject({ verdict: 'unknown', doubts: ['not-watched'] });
  const middle = connections[Math.floor(connections.length / 2)] ?? first;
  const nowhere = { ...middle.output_fields, 'fd.sip': '192.0.2.77' };
  expect(await askedFor({ ...middle, output_fields: nowhere }))
    .toMatchObject({ verdict: 'none', doubts: [] });
}, TEST_MS);

test('all connections that the agent counted are in the ledger, once', async () => {
  let total = 0;
  let cursor = '';
  do {
    const page = await get<{ items: readonly { count: number }[]; nextCursor: string | null }>(
      `/api/v1/egress/flows?limit=500${cursor}`);
    total += page.items.reduce((sum, { count }) => sum + count, 0);
    cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
  } while (cursor !== '');
  expect(total).toBe(counted);
  expect(total).toBeGreaterThan(4_000);
}, TEST_MS);
