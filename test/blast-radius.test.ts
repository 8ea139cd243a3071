import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { startAgent } from '../agent/agent.ts';
import type { RunningAgent } from '../agent/agent.ts';
import { imageService } from '../agent/testing/cri-runtime.ts';
import { post } from '../agent/testing/fleet-rig.ts';
import { Baseline } from '../baseline/baseline.ts';
import type { BlastRadiusView } from '../collector/api/contract/blast-radius.ts';
import { startTestCollector } from '../collector/testing/start.ts';
import type { TestCollector } from '../collector/testing/start.ts';

/**
 * The whole way: events through a real agent, which asks a container runtime for layers, to a
 * collector, which is then asked where the image runs.
 */
const TEST_MS = 90_000;
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const layers = [digest('1'), digest('2')];
const names = { cluster: 'lab', node: 'node-a' };

let collector: TestCollector;
let agent: RunningAgent;
let runtime: { readonly address: string; readonly stop: () => void };
const folder = mkdtempSync(join(tmpdir(), 'lanner-blast-'));

beforeAll(async () => {
  collector = await startTestCollector();
  runtime = await imageService((_call, reply) =>
    reply(null, { info: { info: JSON.stringify({ imageSpec: { rootfs: { diff_ids: layers } } }) } }));
  agent = await startAgent({
    ...names,
    version: '0.1.0-test',
    source: { kind: 'http', listen: '127.0.0.1:0' },
    baseline: new Baseline(names),
    outbox: { path: join(folder, 'outbox.sqlite') },
    profileCache: null,
    identity: { cri: runtime.address },
    link: { address: collector.addresses.link, tls: null, heartbeatMs: 100 },
    http: null,
    registry: new Registry(),
    log: pino({ level: 'silent' }),
  });
  await vi.waitUntil(() => agent.sourcePort() > 0 && agent.stats().link.isLinked,
    { timeout: 30_000 });
}, TEST_MS);

afterAll(async () => {
  await agent.stop();
  runtime.stop();
  await collector.stop();
  rmSync(folder, { recursive: true });
});

const event = (pod: string, more: Readonly<Record<string, string | number>> = {}) => post(agent, {
  'container.id': pod.padEnd(12, '0'),
  'container.image.repository': 'docker.io/shop/web',
  'container.image.tag': '1.5',
  'container.image.digest': digest('e'),
  'k8s.ns.name': 'shop',
  'k8s.pod.name': `web-7k4r7fk9xj-${pod}`,
  'k8s.pod.uid': `uid-${pod}`,
  'proc.exepath': '/usr/sbin/nginx',
  'proc.vpid': 1,
  ...more,
});

async function ask(query: Readonly<Record<string, string>>): Promise<BlastRadiusView> {
  const response = await fetch(
    `${collector.addresses.api}/api/v1/blast-radius?${new URLSearchParams(query).toString()}`,
    { headers: { authorization: `Bearer ${collector.token}` } });
  expect(response.status).toBe(200);
  return await response.json() as BlastRadiusView;
}

test('two pods run an image, one of them ends, and a layer finds both', async () => {
  await event('xn5cd');
  await event('xn6cd');
  const found = { image: 'docker.io/shop/web:1.5' };
  await vi.waitFor(async () =>
    expect((await ask(found)).totals).toMatchObject({ pods: 2, podsNow: 2, workloads: 1 }),
    { timeout: 40_000, interval: 200 });
  await event('xn6cd', { 'evt.type': 'procexit' });
  await vi.waitFor(async () =>
    expect((await ask(found)).totals).toMatchObject({ pods: 2, podsNow: 1 }),
    { timeout: 40_000, interval: 200 });
  const byLayer = await vi.waitFor(async () => {
    const answer = await ask({ layer: digest('2') });
    expect(answer.images).toHaveLength(1);
    return answer;
  }, { timeout: 40_000, interval: 200 });
  expect(byLayer).toMatchObject({
    images: [{ repository: 'docker.io/shop/web', tag: '1.5', digest: digest('e'),
      reason: 'shared-layers', sharedLayers: 1, layers: 2, runsNow: true }],
    workloads: [{ cluster: 'lab', namespace: 'shop', workload: 'web', nodes: 1 }],
    nodes: [{ node: 'node-a', pods: 2, podsNow: 1 }],
  });
  expect(byLayer.limits.map(({ code }) => code)).toEqual(['record-begins']);
}, TEST_MS);

test('a pod that lived for a moment between two looks is in the record', async () => {
  await event('xn7cd');
  await event('xn7cd', { 'evt.type': 'procexit' });
  await vi.waitFor(async () =>
    expect((await ask({ image: digest('e') })).totals).toMatchObject({ pods: 3, podsNow: 1 }),
    { timeout: 40_000, interval: 200 });
}, TEST_MS);
