import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { ProfileDocument } from '../baseline/profile/document.ts';
import { itemsIn } from './profiles/image-profiles.ts';
import { authorized } from './testing/principals.ts';
import { anAlert } from './testing/alerts.ts';
import { KubeApi } from './testing/kube-api.ts';
import { writeKubeconfig } from './testing/kubeconfig.ts';
import { IMAGE, KEY, learned, unzipped, zipped } from './testing/profiles.ts';
import { startTestCollector } from './testing/start.ts';
import type { TestCollector } from './testing/start.ts';
import { TestAgent } from './testing/test-agent.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-collector-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const read = async (
  collector: TestCollector,
  path: string,
): Promise<Record<string, unknown>> =>
  await (await fetch(collector.addresses.api + path, {
    headers: authorized(collector),
  })).json() as Record<string, unknown>;

test('an alert that was acknowledged is there after a restart, and so is the token', async () => {
  const first = await startTestCollector({ folder, inMemory: false });
  const agent = new TestAgent(first.addresses.link);
  agent.hello();
  agent.send({ kind: 'alerts', epoch: 'e1', sequence: 1, alerts: [anAlert()], gaps: [] });
  await agent.frame('ack');
  await first.stop();
  expect((await agent.status()).code).not.toBe(0);
  agent.cut();
  const second = await startTestCollector({ folder, inMemory: false });
  expect(second.token).toBe(first.token);
  const again = new TestAgent(second.addresses.link);
  again.hello();
  expect((await again.frame('welcome')).committedSequence).toBe(1);
  expect(await second.counts()).toMatchObject({ alerts: 1, agents: 1 });
  await vi.waitUntil(async () => (await second.counts()).incidents === 1);
  again.cut();
  await second.stop();
});

test('what one agent learned reaches the others that run the image, and late comers', async () => {
  const collector = await startTestCollector();
  const evidence = (file: string, pod: string) => ({
    kind: 'evidence',
    profileKey: KEY,
    revision: 1,
    document: zipped(learned({ files: [file], pods: [pod] })),
  }) as const;
  const files = (bytes: Uint8Array): unknown =>
    itemsIn(unzipped(bytes) as ProfileDocument, 'file-write').map(({ object }) => object);
  const heartbeat = {
    kind: 'heartbeat',
    time: '2026-01-01T00:00:00Z',
    eventsReceived: 0,
    eventsJudged: 0,
    eventsDropped: 0,
    falcoVersion: '0.40.0',
    sensorState: 'streaming',
    sensorDetail: 'Falco 0.40.0',
    outboxPending: 0,
    lagSeconds: 0,
    images: [{
      profileKey: KEY,
      image: IMAGE,
      state: 'learning',
      coverage: 0,
      observations: 0,
      pods: 1,
      completeInSeconds: -1,
    }],
  } as const;
  const [one, two, three] = ['n1', 'n2', 'n3'].map((node) => {
    const agent = new TestAgent(collector.addresses.link);
    agent.hello({ node });
    return agent;
  }) as [TestAgent, TestAgent, TestAgent];
  await Promise.all([one, two, three].map((agent) => agent.frame('welcome')));
  one.send(evidence('a', 'p1'));
  await vi.waitUntil(async () => (await collector.counts()).profiles === 1);
  two.send(evidence('b', 'p2'));
  const both = ['/var/log/a', '/var/log/b'];
  expect(files((await two.frame('profile')).document)).toEqual(both);
  expect(files((await one.frame('profile')).document)).toEqual(both);
  expect(three.frames.some(({ kind }) => kind === 'profile')).toBe(false);
  three.send(heartbeat);
  expect(files((await three.frame('profile')).document)).toEqual(both);
  one.send({ ...evidence('a', 'p1'), document: Buffer.from('no gzip') });
  const alert = anAlert({ node: 'n1' });
  one.send({ kind: 'alerts', epoch: 'e1', sequence: 1, alerts: [alert], gaps: [] });
  await one.frame('ack');
  const metrics = await (await fetch(`${collector.addresses.api}/metrics`, {
    headers: authorized(collector),
  })).text();
  expect(metrics).toContain('lanner_collector_evidence_total{outcome="not-gzip"} 1');
  for (const agent of [one, two, three]) agent.cut();
  await collector.stop();
});

test('with a policy that acts, an alert on the link ends as a deleted pod in the cluster',
  async () => {
    const api = new KubeApi();
    const kubeconfig = writeKubeconfig(folder, await api.start());
    api.addPod('shop', 'web-1', { uid: 'uid-1' });
    api.addPod('kube-system', 'dns', { uid: 'uid-2' });
    const policy = join(folder, 'policy.yaml');
    writeFileSync(policy, 'rules: [{ name: kill, match: { severityMin: critical }, mode: act, ' +
      'action: kill, evidence: none }]');
    const collector = await startTestCollector({
      yaml: `
kube: { mode: kubeconfig, kubeconfig: ${kubeconfig} }
policy: { file: ${policy} }
`,
    });
    const agent = new TestAgent(collector.addresses.link);
    agent.hello();
    agent.send({
      kind: 'alerts',
      epoch: 'e1',
      sequence: 1,
      gaps: [],
      alerts: [
        anAlert({ severity: 'critical', pod: 'web-1' }),
        anAlert({ id: 'b', severity: 'critical', namespace: 'kube-system', pod: 'dns',
          podUid: 'uid-2' }),
      ],
    });
    await vi.waitUntil(() => !api.pods.has('shop/web-1'));
    await vi.waitUntil(async () => {
      const { items } = await read(collector, `/api/v1/responses`);
      return (items as { state: string }[])[0]?.state === 'verified';
    });
    expect(api.pods.has('kube-system/dns')).toBe(true);
    expect((await collector.counts()).responses).toBe(1);
    agent.cut();
    await collector.stop();
    await api.stop();
  });

test('stops with agents and readers connected, and its ports are free again', async () => {
  const collector = await startTestCollector();
  const agent = new TestAgent(collector.addresses.link);
  agent.hello();
  await agent.frame('welcome');
  const stream = await fetch(`${collector.addresses.api}/api/v1/stream`, {
    headers: authorized(collector),
  });
  await collector.stop();
  await stream.text().catch(() => undefined);
  agent.cut();
  for (const address of [new URL(collector.addresses.api).host, collector.addresses.link]) {
    const port = Number(address.split(':').at(-1));
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    expect(server.listening).toBe(true);
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a part that cannot start leaves nothing of the others running', async () => {
  const first = await startTestCollector({ folder, inMemory: false });
  await expect(startTestCollector({ folder, inMemory: false }))
    .rejects.toMatchObject({ code: 'store-in-use' });
  await first.stop();
  const other = mkdtempSync(join(tmpdir(), 'lanner-collector-'));
  await expect(startTestCollector({
    folder: other,
    inMemory: false,
    yaml: 'api: { address: "0.0.0.0:0" }',
  })).rejects.toThrow(/api\.tls/);
  // The store of the failed start was closed again.
  await (await startTestCollector({ folder: other, inMemory: false })).stop();
  expect(readFileSync(join(other, 'api-token'), 'utf8').length).toBeGreaterThan(32);
  rmSync(other, { recursive: true });
});
