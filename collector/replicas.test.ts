import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { testDatabase } from '../test/postgres/database.ts';
import type { TestDatabase } from '../test/postgres/database.ts';
import type { Alert } from '../baseline/alert.ts';
import { openStore } from './store/open-store.ts';
import { authorized } from './testing/principals.ts';
import { aBehaviour, anAlert } from './testing/alerts.ts';
import { KubeApi } from './testing/kube-api.ts';
import { writeKubeconfig } from './testing/kubeconfig.ts';
import { ReplicaProcess } from './testing/replica-process.ts';
import { SseReader } from './testing/sse.ts';
import { startTestCollector } from './testing/start.ts';
import { sendStubbornly } from './testing/stubborn-agent.ts';
import { TestAgent } from './testing/test-agent.ts';

/** Two collectors on one PostgreSQL. */
let database: TestDatabase;
let folder: string;
const processes: ReplicaProcess[] = [];

const replicaProcess = (name: string, settings: Readonly<Record<string, unknown>>) => {
  const replica = new ReplicaProcess(join(folder, name), settings);
  processes.push(replica);
  return replica;
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-replicas-'));
  database = await testDatabase();
});

afterEach(async () => {
  await Promise.all(processes.splice(0).map((replica) => replica.end('SIGKILL')));
  await database.drop();
  rmSync(folder, { recursive: true });
});

const PODS = 4;
const BATCHES = 40;

/** Batches of one node; some of their alerts are critical, each of a pod of its own. */
function batchesOf(node: string): readonly (readonly Alert[])[] {
  return Array.from({ length: BATCHES }, (_, n) =>
    Array.from({ length: 3 }, (__, m) => {
      const id = `${node}-${n}-${m}`;
      const pod = `${node}-pod-${n}`;
      const isCritical = m === 0 && n % (BATCHES / PODS) === 5;
      return anAlert({
        id,
        node,
        pod,
        podUid: `uid-${pod}`,
        workload: pod,
        severity: isCritical ? 'critical' : 'low',
        score: isCritical ? 95 : 10,
        // Else they were one behaviour over many pods, and one incident of all of them.
        behaviours: [aBehaviour({ value: `exec /bin/${pod} ← gunicorn` })],
      });
    }));
}

const one = { timeout: 20_000 };

test('what is sent to one is on the live stream of the other, and correlated once', async () => {
  const yaml = `store: "${database.url}"`;
  const [a, b] = [await startTestCollector({ yaml }), await startTestCollector({ yaml })];
  const reader = new SseReader(`${b.addresses.api}/api/v1/stream`, authorized(b));
  await reader.until(() => reader.status === 200);
  const agent = new TestAgent(a.addresses.link);
  agent.hello();
  agent.send({ kind: 'alerts', epoch: 'e1', sequence: 1, alerts: [anAlert()], gaps: [] });
  await agent.frame('ack');
  await reader.until(() => reader.events.some(({ event }) => event === 'incident'));
  expect(reader.events.map(({ event }) => event).filter((event) => event !== 'position').toSorted())
    .toEqual(['alert', 'incident', 'response']);
  // The hello is written with others, a moment after the welcome.
  await vi.waitFor(async () => {
    const { items } = await (await fetch(`${b.addresses.api}/api/v1/nodes`, {
      headers: authorized(b),
    })).json() as {
      items: readonly { isConnected: boolean }[];
    };
    expect(items.map(({ isConnected }) => isConnected)).toEqual([true]);
  });
  // The first has the turn; when it stops, the other one goes on.
  agent.cut();
  await a.stop();
  const next = new TestAgent(b.addresses.link);
  next.hello();
  expect((await next.frame('welcome')).committedSequence).toBe(1);
  const grown = anAlert({ revision: 2, count: 2 });
  next.send({ kind: 'alerts', epoch: 'e1', sequence: 2, alerts: [grown], gaps: [] });
  await next.frame('ack');
  await reader.until(() => reader.events.filter(({ event }) => event === 'incident').length === 2);
  expect(await b.counts()).toMatchObject({ alerts: 1, incidents: 1 });
  next.cut();
  reader.cut();
  await b.stop();
});

test('one that is paused with the turn is followed, and does not write over its successor',
  async () => {
    const [a, b] = ['a', 'b'].map((name) =>
      replicaProcess(name, { store: database.url })) as [ReplicaProcess, ReplicaProcess];
    await a.start();
    await b.start();
    const send = (node: string, to: ReplicaProcess): Promise<void> => sendStubbornly({
      node,
      batches: batchesOf(node).slice(0, 5),
      address: () => to.link,
      onAcknowledged: () => undefined,
    });
    const correlated = async (): Promise<boolean> => (await database.query(
      'SELECT 1 FROM alerts WHERE correlated_revision < revision')).length === 0;
    const leaders = async (): Promise<string> => (await Promise.all([a, b].map(async ({ api }) =>
      /^lanner_collector_leader (\d)$/m.exec(await (await fetch(`${api}/metrics`)).text())?.[1])))
      .join('');
    await send('n1', a);
    await vi.waitUntil(correlated, one);
    expect(await leaders()).toBe('10');
    a.signal('SIGSTOP');
    await send('n2', b);
    await vi.waitUntil(correlated, one);
    a.signal('SIGCONT');
    await vi.waitUntil(async () => await leaders() === '01', one);
    await send('n3', a);
    await vi.waitUntil(correlated, one);
    await Promise.all([a.end('SIGTERM'), b.end('SIGTERM')]);
    const [counts] = await database.query(`SELECT (SELECT count(*)::int FROM alerts) AS alerts,
      (SELECT count(*)::int FROM incidents) AS incidents`);
    // One incident per pod, and each pod is in one batch.
    expect(counts).toEqual({ alerts: 45, incidents: 15 });
  }, 120_000);

test('killed in turn under load: nothing lost, nothing doubled, each response once', async () => {
  const kube = new KubeApi();
  const policy = join(folder, 'policy.yaml');
  const limits = { perWorkload: 100, perNamespace: 100, perNode: 100, perCluster: 100 };
  writeFileSync(policy, JSON.stringify({
    limits,
    rules: [{
      name: 'kill',
      match: { severityMin: 'critical' },
      mode: 'act',
      action: 'kill',
      evidence: 'none',
      limits,
    }],
  }));
  const settings = {
    store: database.url,
    kube: { mode: 'kubeconfig', kubeconfig: writeKubeconfig(folder, await kube.start()) },
    policy: { file: policy },
  };
  const nodes = ['n1', 'n2', 'n3'];
  const critical = nodes.flatMap((node) => batchesOf(node).flat())
    .filter(({ severity }) => severity === 'critical');
  for (const { pod, podUid } of critical) kube.addPod('shop', pod, { uid: podUid });
  const replicas = ['a', 'b'].map((name) => replicaProcess(name, settings));
  await Promise.all(replicas.map((replica) => replica.start()));

  let acknowledged = 0;
  const sending = Promise.all(nodes.map((node, index) => sendStubbornly({
    node,
    batches: batchesOf(node),
    address: (attempt) => replicas[(index + attempt) % 2]?.link ?? '',
    onAcknowledged: () => {
      acknowledged += 1;
    },
  })));
  for (const [round, replica] of replicas.entries()) {
    await vi.waitUntil(() => acknowledged >= 30 * (round + 1), one);
    await replica.end('SIGKILL');
    await replica.start();
  }
  await sending;
  // The turn of the one that died last runs out, and the other one goes on.
  await vi.waitFor(async () => {
    expect(await database.query(`SELECT state, document::json->>'reason' AS reason,
      count(*)::int AS count FROM responses GROUP BY 1, 2`))
      .toEqual([{ state: 'verified', reason: '', count: critical.length }]);
    // The critical ones may be done with before the last of the others is looked at.
    expect(await database.query('SELECT 1 FROM alerts WHERE correlated_revision < revision'))
      .toEqual([]);
  }, { timeout: 60_000, interval: 250 });
  await Promise.all(replicas.map((replica) => replica.end('SIGTERM')));

  const total = nodes.length * BATCHES * 3;
  const [stored] = await database.query(
    'SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids FROM alerts');
  expect(stored).toEqual({ rows: total, ids: total });
  expect(kube.pods.size).toBe(0);
  const deletions = kube.requests.filter((line) => line.startsWith('DELETE') && !line.includes('dryRun'));
  expect(new Set(deletions).size).toBe(critical.length);
  const store = await openStore({ path: database.url });
  expect(await store.verifyAudit()).toMatchObject({ ok: true });
  const changes = new Set<number>();
  for (let position = 0; ;) {
    const page = await store.changesAfter(position, 500);
    if (page.length === 0) break;
    for (const change of page) changes.add(change.position);
    position = page.at(-1)?.position ?? position;
  }
  const { alerts, incidents, responses } = await store.counts();
  expect(changes.size).toBe(alerts + incidents + responses);
  await store.close();
  await kube.stop();
}, 180_000);
