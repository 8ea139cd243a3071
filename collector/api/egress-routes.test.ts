import { afterAll, beforeAll, expect, test } from 'vitest';

import { openStore } from '../store/open-store.ts';
import { asSomebody } from '../testing/principals.ts';
import { MINUTE, aBatchOf, aChunk, aFlow, anActor } from '../testing/flows.ts';
import { answerCheck } from '../testing/answer-check.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import { runLannerctl } from '../cli/run.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'lanner-egress-'));
const AT = new Date(MINUTE + 1_500).toISOString();
const who = `/api/v1/egress/who?nodeIp=10.0.3.7&dst=203.0.113.9&dstPort=443&at=${AT}`;
const nodeOf = (node: string, addresses: readonly string[]) => ({ cluster: 'c1', node, epoch: 'e',
  protocol: 1, agentVersion: '', falcoVersion: '', capabilities: [], connectedAtMs: 1,
  lastSeenMs: 1, heartbeat: null, addresses });

let collector: TestCollector;

beforeAll(async () => {
  const store = await openStore({ path: join(folder, 'collector.db') });
  await store.saveAgents([nodeOf('node-1', ['10.0.3.7'])]);
  const actors = [
    anActor(),
    anActor({ namespace: 'pay', pod: 'pay-1', podUid: 'uid-2', workload: '=pay\u202e',
      containerId: 'c2', process: 'evil\u001b[2J' }),
  ];
  const flows = [aFlow(), aFlow({ actor: 1, sourcePorts: [51_234] }),
    aFlow({ actor: 1, remoteAddress: '10.244.0.9' })];
  await store.commitBatches([aBatchOf(aChunk({ actors, flows }))]);
  await store.close();
  collector = await startTestCollector({ folder, inMemory: false });
}, 60_000);

afterAll(async () => {
  await collector.stop();
  rmSync(folder, { recursive: true });
});

async function get(path: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(collector.addresses.api + path, {
    headers: { authorization: `Bearer ${collector.token}`, ...headers },
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const body = isJson ? JSON.parse(text) as never : text as never;
  if (isJson) {
    (await answerCheck(collector.addresses.api, collector.token))
      ?.check('GET', path, response.status, body);
  }
  return { status: response.status, body };
}

test('who answers with the pods behind an address, the one with the source port first', async () => {
  const { status, body } = await get(`${who}&srcPort=51234`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    verdict: 'several',
    doubts: [],
    nodes: [{ cluster: 'c1', node: 'node-1' }],
    candidates: [
      { pod: 'pay-1', likelihood: 'source-port', sourcePorts: [51_234], distanceSeconds: 0.5 },
      { pod: 'web-1', likelihood: 'time', exe: '/usr/sbin/nginx', count: 2 },
    ],
  });
  expect((await get(who.replace('10.0.3.7', '10.0.3.8'))).body)
    .toMatchObject({ verdict: 'unknown', doubts: ['address-unknown'] });
  expect((await get(who.replace('443', '25'))).body).toMatchObject({ verdict: 'none' });
});

test('what is no address, port, time or window is refused', async () => {
  const wrong = [who.replace('10.0.3.7', 'a b'), who.replace('443', '65536'),
    who.replace(AT, 'yesterday'), who.replace(AT, '2026-02-31T25:00:00Z'),
    `${who}&windowSeconds=3601`, `${who}&more=1`, '/api/v1/egress/who',
    '/api/v1/egress/destinations?exclude=shop', '/api/v1/egress/destinations?format=xml'];
  for (const path of wrong) expect([path, (await get(path)).status]).toEqual([path, 400]);
});

test('the flows and destinations of a namespace are for those who may see it', async () => {
  const shop = await asSomebody(collector, 'eve', 'viewer', ['shop']);
  expect((await get(who, shop)).status).toBe(403);
  const flows = (await get('/api/v1/egress/flows', shop)).body as { items: { pod: string }[] };
  expect(flows.items.map(({ pod }) => pod)).toEqual(['web-1']);
  const all = (await get('/api/v1/egress/flows?limit=2')).body as
    { items: { id: string; precision: string }[]; nextCursor: string };
  expect(all.items.map(({ precision }) => precision)).toEqual(['minute', 'minute']);
  const rest = (await get(`/api/v1/egress/flows?limit=2&cursor=${all.nextCursor}`)).body as
    typeof all;
  expect(new Set([...all.items, ...rest.items].map(({ id }) => id)).size).toBe(3);
  const reached = (await get('/api/v1/egress/destinations', shop)).body as { items: unknown[] };
  expect(reached.items).toMatchObject([{ namespace: 'shop', address: '203.0.113.9' }]);
});

test('destinations as CSV are safe to open, and leave out what is not wanted', async () => {
  const { body } = await get('/api/v1/egress/destinations?format=csv&exclude=10.244.0.0/16');
  const lines = String(body).trim().split('\r\n');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/^c1,pay,"'=pay\u202e",203\.0\.113\.9,443,tcp,,2026-11-23T10:15:01/);
});

async function run(args: readonly string[], isTerminal = false) {
  let out = '';
  let err = '';
  const exit = await runLannerctl(args, {
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      err += text;
    },
    env: { LANNER_URL: collector.addresses.api, LANNER_TOKEN: collector.token },
    isTerminal,
    columns: 400,
    signal: new AbortController().signal,
  });
  return { exit, out, err };
}

test('lannerctl egress says who, what is not certain, and lists', async () => {
  const asked = ['egress', 'who', '--node-ip', '10.0.3.7', '--dst', '203.0.113.9:443', '--at', AT];
  const said = await run([...asked, '--window', '1m', '--src-port', '51234'], true);
  expect(said).toMatchObject({ exit: 0, err: '' });
  expect(said.out).toContain('several candidates, the likeliest first, on node-1');
  expect(said.out).toMatch(/source-port +pay\/pay-1/);
  expect(said.out).not.toContain('\u001b[2J');
  expect((await run([...asked, '--json'])).out).toContain('"verdict":"several"');
  const unknown = await run(asked.map((arg) => arg === '10.0.3.7' ? '10.9.9.9' : arg));
  expect(unknown.out).toContain('! no agent ever said');
  expect((await run(['egress', 'who'])).exit).not.toBe(0);
  expect((await run(asked.map((arg) => arg === '203.0.113.9:443' ? '203.0.113.9' : arg))).exit)
    .not.toBe(0);
  const flows = await run(['egress', 'flows', '--namespace', 'shop', '--dst', '203.0.113.9']);
  expect(flows.out).toMatch(/shop\/web-1 +nginx +out +203\.0\.113\.9 +443\/tcp +ok +2/);
  const args = ['egress', 'destinations', '--exclude', '10.244.0.0/16', '--'];
  expect((await run(args)).out).toMatch(/shop\/web +203\.0\.113\.9 +443\/tcp/);
  expect((await run(['egress', 'destinations', '--csv'])).out).toMatch(/^cluster,namespace,/);
  expect((await run(['egress', 'destinations', '--csv'], true)).out).not.toContain('\u202e');
  const plain = (await run(['egress', 'destinations', '--csv', '--no-times'])).out;
  expect(plain).toMatch(/^cluster,namespace,workload,address,port,protocol,names\r\n/);
  expect(plain).not.toContain('2026-');
  const later = ['egress', 'destinations', '--new-since', '2026-11-24T00:00:00Z', '--json'];
  expect((await run(later)).out).toBe('');
  const before = ['egress', 'destinations', '--new-since', '2026-11-23T00:00:00Z', '--json'];
  expect((await run([...before, '--no-times'])).out).toMatch(/"address":"203.0.113.9"/);
});
