import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { startAgent } from '../agent/agent.ts';
import type { RunningAgent } from '../agent/agent.ts';
import { exec, timeNs } from '../baseline/testing/observations.ts';
import { SIX_PODS, Stage } from '../baseline/testing/stage.ts';
import { callApi, itemsOf } from '../collector/testing/api-client.ts';
import type { Json } from '../collector/testing/api-client.ts';
import { startTestCollector } from '../collector/testing/start.ts';
import type { TestCollector } from '../collector/testing/start.ts';

/** What people decide at the collector, and what a real agent makes of it over a real link. */
let folder: string;
let collector: TestCollector;
let agent: RunningAgent;
let stage: Stage;

const NODE = 'node-a';
const KEY = 'shop/web@sha256:shop/web:1.0';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-decisions-'));
  collector = await startTestCollector();
  stage = new Stage({ cluster: 'c1', node: NODE });
  stage.launch(...SIX_PODS);
  stage.pass(100);
  agent = await startAgent({
    cluster: 'c1',
    node: NODE,
    version: '0.1.0',
    // Nobody calls it: observations are given to the baseline as perception would.
    source: { kind: 'http', listen: '127.0.0.1:0' },
    baseline: stage.baseline,
    outbox: { path: join(folder, 'outbox.sqlite') },
    link: { address: collector.addresses.link, tls: null, heartbeatMs: 100, evidenceMs: 100 },
    http: null,
    registry: new Registry(),
    log: pino({ level: 'silent' }),
    eventNowNs: () => timeNs(stage.now),
  });
  await until(async () => (await collector.counts()).profiles > 0);
});

afterEach(async () => {
  await agent.stop();
  await collector.stop();
  rmSync(folder, { recursive: true });
});

const until = (check: () => Promise<boolean> | boolean): Promise<unknown> =>
  vi.waitUntil(check, { timeout: 20_000, interval: 20 });

const call = (method: string, path: string, body?: unknown) =>
  callApi(collector, method, `/api/v1${path}`, body);

/** Runs a program in a pod, long after whatever happened before. */
function run(exe: string, pod: number): void {
  stage.now += 200;
  const container = SIX_PODS[pod];
  if (container === undefined) throw new Error('there is no such pod');
  stage.baseline.observe(exec({ exe, in: container, at: stage.now, pid: 900 + stage.now }));
}

/** Programs that were raised, oldest first, as soon as there are so many alerts of them. */
async function raised(count: number): Promise<readonly string[]> {
  let alerts: readonly Json[] = [];
  await until(async () => {
    alerts = itemsOf(await call('GET', '/alerts?kind=anomaly')).toReversed();
    return alerts.length >= count;
  });
  return alerts.map(({ process }) => (process as { exe: string }).exe);
}

const decisionsTaken = (): number => agent.stats().decisions.adopted;

/** Teaches all that the newest alert shows, and waits until the agent has heard of it. */
async function learnNewest(): Promise<void> {
  const [alert] = itemsOf(await call('GET', '/alerts?kind=anomaly&limit=1'));
  const before = decisionsTaken();
  const learnt = await call('POST', `/alerts/${String(alert?.['id'])}/learn`,
    { behaviour: 0, why: 'the health check', scope: 'lineage' });
  expect(learnt).toMatchObject({ status: 201, body: { profileKey: KEY } });
  await until(() => decisionsTaken() > before);
}

async function undoAll(): Promise<void> {
  for (const { id } of itemsOf(await call('GET', '/decisions'))) {
    const before = decisionsTaken();
    const undone = await call('DELETE', `/decisions/${String(id)}`, { why: 'it was none' });
    expect(undone.status).toBe(200);
    await until(() => decisionsTaken() > before);
  }
}

test('what was learned from an alert is raised again after the undo, and not without', async () => {
  run('/usr/bin/curl', 0);
  expect(await raised(1)).toEqual(['/usr/bin/curl']);
  await learnNewest();
  await undoAll();
  run('/usr/bin/curl', 1);
  expect(await raised(2)).toEqual(['/usr/bin/curl', '/usr/bin/curl']);
  await learnNewest();
  // That the program may run says nothing about its arguments: they are raised once, too.
  run('/usr/bin/curl', 2);
  expect((await raised(3)).at(-1)).toBe('/usr/bin/curl');
  await learnNewest();
  run('/usr/bin/curl', 3);
  run('/usr/bin/wget', 4);
  expect((await raised(4)).filter((exe) => exe === '/usr/bin/curl').length).toBe(3);
});

test('a reset forgets at the agent and at the collector, and what follows is learned anew',
  async () => {
    const id = Buffer.from(KEY).toString('base64url');
    const list = async () => itemsOf(await call('GET', '/profiles'));
    await until(async () => (await list())[0]?.['state'] === 'complete');
    expect((await call('POST', `/profiles/${id}/reset`, { why: 'poisoned' })).status).toBe(201);
    await until(async () => (await list())[0]?.['state'] === 'learning');
    const exported = async (): Promise<string> =>
      (await call('GET', `/profiles/${id}/export`)).text;
    expect(await exported()).toContain('behaviours: {}');
    stage.pass(5);
    await until(async () => (await exported()).includes('/usr/bin/gzip'));
    expect(agent.progress()[0]?.state).toBe('learning');
  });

test('a locked profile takes nothing in and raises what is new', async () => {
  const id = Buffer.from(KEY).toString('base64url');
  const before = decisionsTaken();
  expect((await call('POST', `/profiles/${id}/lock`, { why: 'audit' })).status).toBe(201);
  await until(() => decisionsTaken() > before);
  run('/usr/bin/curl', 0);
  run('/usr/bin/curl', 1);
  expect(await raised(2)).toEqual(['/usr/bin/curl', '/usr/bin/curl']);
  expect((await call('GET', `/profiles/${id}/export`)).text).not.toContain('curl');
});
