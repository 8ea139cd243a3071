import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { exitCodes } from '../cli/exit-codes.ts';
import { runLannerctl } from '../cli/run.ts';
import { openStore } from '../store/open-store.ts';
import { anAlert, aBehaviour } from '../testing/alerts.ts';
import { answerCheck } from '../testing/answer-check.ts';
import { aBatchOf, aChunk, aFlow, anActor } from '../testing/flows.ts';
import { KubeApi } from '../testing/kube-api.ts';
import { writeKubeconfig } from '../testing/kubeconfig.ts';
import { asSomebody } from '../testing/principals.ts';
import { learned, zipped } from '../testing/profiles.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import type { ImagePoliciesAnswer, NetworkPolicyAnswer, PlaintextAnswer } from './contract/policies.ts';

const folder = mkdtempSync(join(tmpdir(), 'lanner-policies-'));
const api = new KubeApi();
const HOUR = 3_600_000;
const minute = Math.floor((Date.now() - HOUR) / 60_000) * 60_000;
const iso = (ms: number): string => new Date(ms).toISOString();
let collector: TestCollector;

/** As a kubelet and a controller write them. */
function addPod(namespace: string, app: string, image: string, podIP: string): void {
  api.add({
    kind: 'Pod',
    metadata: { namespace, name: `${app}-0`, uid: `uid-${app}`, labels: { app },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: app, uid: 'u',
        controller: true }] },
    spec: { nodeName: 'node-1', containers: [{ name: 'main', image }] },
    status: { phase: 'Running', podIP,
      conditions: [{ type: 'PodReadyToStartContainers', status: 'True',
        lastTransitionTime: iso(minute - HOUR) }],
      containerStatuses: [{ name: 'main', imageID: `x@sha256:${'1'.repeat(64)}` }] },
  });
}

const DIGEST = `sha256:${'1'.repeat(64)}`;

beforeAll(async () => {
  for (const name of ['shop', 'data', 'pay']) api.add({ kind: 'Namespace', metadata: { name } });
  addPod('shop', 'web', 'docker.io/shop/web:1.0', '10.1.0.1');
  api.add({ kind: 'Pod',
    metadata: { namespace: 'data', name: 'db-0', uid: 'uid-db', labels: { app: 'db' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'u',
        controller: true }] },
    spec: { containers: [{ name: 'main', image: 'docker.io/data/db:1' }] },
    status: { podIP: '10.1.0.2' } });
  api.add({ kind: 'Service',
    metadata: { namespace: 'data', name: 'db', creationTimestamp: iso(1) },
    spec: { clusterIP: '10.96.0.7', selector: { app: 'db' },
      ports: [{ port: 443, targetPort: 8_443, protocol: 'TCP' }] } });
  const store = await openStore({ path: join(folder, 'collector.db') });
  const actor = anActor({ pod: 'web-0', podUid: 'uid-web', workload: 'web' });
  const at = { first: minute + 1_000, last: minute + 2_000 };
  const batch = aBatchOf(aChunk({ minute, actors: [actor], flows: [
    aFlow({ ...at, remoteAddress: '10.96.0.7', port: 443, count: 5 }),
    aFlow({ ...at, remoteAddress: '203.0.113.9', port: 443, count: 3 }),
    aFlow({ ...at, remoteAddress: '198.51.100.66', port: 4_444, count: 2 }),
    aFlow({ ...at, remoteAddress: '10.96.0.7', port: 22, count: 1 }),
    aFlow({ ...at, remoteAddress: '10.99.9.9', port: 80, count: 7 }),
  ] }));
  const times = { firstTime: iso(minute).replace('Z', '000000Z'),
    lastTime: iso(minute + 5_000).replace('Z', '000000Z') };
  const alert = anAlert({ ...times, podUid: 'uid-web', pod: 'web-0', severity: 'critical',
    behaviours: [aBehaviour({ channel: 'net', value: 'connect 198.51.100.66:4444/tcp by bash' })] });
  await store.commitBatches([{ ...batch, alerts: [alert] },
    // The same addresses in another cluster are nobody's business here.
    aBatchOf(aChunk({ minute, actors: [actor], flows: [aFlow({ ...at, port: 9, count: 99 })] }),
      { cluster: 'c2', node: 'node-9' })]);
  const document = learned({ image: { repository: 'docker.io/shop/web', tag: '1.0', digest: DIGEST },
    addresses: ['10.96.0.7', '203.0.113.9'], pods: ['p1', 'p2'], ms: minute });
  await store.writeProfile({ key: document.key, revision: 1, document: zipped(document),
    updatedAtMs: 1 });
  await store.close();
  const kubeconfig = writeKubeconfig(folder, await api.start());
  collector = await startTestCollector({ folder, inMemory: false,
    yaml: `kube: { mode: kubeconfig, kubeconfig: ${kubeconfig}, cluster: c1, listObjects: true }` });
}, 60_000);

afterAll(async () => {
  await collector.stop();
  await api.stop();
  rmSync(folder, { recursive: true });
});

async function get(path: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${collector.addresses.api}/api/v1/policies/${path}`, {
    headers: { authorization: `Bearer ${collector.token}`, ...headers },
  });
  const body = await response.json() as never;
  (await answerCheck(collector.addresses.api, collector.token))
    ?.check('GET', `/api/v1/policies/${path}`, response.status, body);
  return { status: response.status, body };
}

describe('network policies', () => {
  test('come with what they would have denied, by flow and alert', async () => {
    const { status, body } = await get('network?namespace=shop&days=1&incomplete=true');
    expect(status).toBe(200);
    const { documents, yaml, report } = body as NetworkPolicyAnswer;
    expect(documents.map(({ name, isIsolation }) => [name, isIsolation]))
      .toEqual([['learned-web', false], ['learned-isolation', true]]);
    const made = parseAllDocuments(yaml).map((one) => one.toJS() as { spec: { egress?: unknown } });
    expect(made).toHaveLength(2);
    expect(made[0]?.spec.egress).toEqual([
      { to: [{ ipBlock: { cidr: '203.0.113.9/32' } }], ports: [{ protocol: 'TCP', port: 443 }] },
      { to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'data' } },
        podSelector: { matchLabels: { app: 'db' } } }], ports: [{ protocol: 'TCP', port: 8_443 }] },
    ]);
    expect(report.replay).toMatchObject({ isWhole: true, flows: 5, connections: 18, allowed: 8,
      denied: 2, deniedAsAttack: 2, unjudged: [{ reason: 'peer-unknown', connections: 8 }] });
    expect(report.denied).toMatchObject([{ direction: 'egress', pod: 'shop/web-0', process: 'nginx',
      address: '198.51.100.66', port: 4_444, connections: 2, cause: 'alert-names-it',
      flows: [expect.stringMatching(/^\d+$/)], alerts: [{ id: 'alert-1', namesIt: true }] }]);
    expect(report.coverage).toMatchObject([{ workload: 'shop/web', isComplete: false }]);
    expect(report.objects).toMatchObject({ pods: 2, services: 1, namespaces: 3 });
    expect(yaml).toContain('# would have denied: 2 × shop/web-0 nginx egress 198.51.100.66:4444');
  });

  test('are Cilium’s when asked for, and none while the channel is still learned', async () => {
    const cilium = (await get('network?namespace=shop&format=cilium&incomplete=true')).body as
      NetworkPolicyAnswer;
    expect(parseAllDocuments(cilium.yaml)[0]?.toJS()).toMatchObject({ kind: 'CiliumNetworkPolicy' });
    const { documents, report } = (await get('network?namespace=shop')).body as NetworkPolicyAnswer;
    expect(documents).toEqual([]);
    expect(report.left.map(({ reason }) => reason)).toEqual(['isolation', 'incomplete-channel']);
    expect(report.replay.denied).toBe(0);
  });

  test('are for those who analyse the namespace, and it does not exist for others', async () => {
    const analyst = await asSomebody(collector, 'ann', 'analyst', ['shop']);
    const viewer = await asSomebody(collector, 'eve', 'viewer', ['shop']);
    expect((await get('network?namespace=shop', analyst)).status).toBe(200);
    expect((await get('network?namespace=pay', analyst)).status).toBe(404);
    expect((await get('network?namespace=nowhere')).status).toBe(404);
    expect((await get('network?namespace=shop', viewer)).status).toBe(403);
    expect((await get('plaintext', viewer)).status).toBe(403);
  });

  test('are refused for what is no question', async () => {
    for (const query of ['', '?namespace=shop&days=0', '?namespace=shop&days=91',
      '?namespace=shop&format=calico', '?namespace=', '?namespace=shop&more=1']) {
      expect([query, (await get(`network${query}`)).status]).toEqual([query, 400]);
    }
  });
});

test('plain text is told by port, within the namespaces one may see', async () => {
  const pay = await asSomebody(collector, 'pam', 'analyst', ['pay']);
  const { body } = await get('plaintext?namespace=shop');
  expect(body).toMatchObject({ items: [], profiles: 1, limits: expect.stringContaining('port alone') });
  expect(((await get('plaintext', pay)).body as PlaintextAnswer).items).toEqual([]);
});

test('policies of other products come for the images that a namespace runs', async () => {
  for (const kind of ['falco', 'seccomp', 'kubearmor']) {
    const { status, body } = await get(`${kind}?namespace=shop`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ kind, left: [], items: [{ key: expect.stringContaining('shop/web@'),
      workloads: ['shop/web'], incomplete: ['exec', 'net', 'priv'] }] });
  }
  const { items: [armor] } = (await get('kubearmor?namespace=shop')).body as ImagePoliciesAnswer;
  expect(parseAllDocuments(armor?.text ?? '')[0]?.toJS())
    .toMatchObject({ metadata: { namespace: 'shop' }, spec: { selector: { matchLabels: { app: 'web' } } } });
  expect((await get('falco?namespace=data')).body).toMatchObject({ items: [],
    left: [{ workload: 'data/db', image: 'docker.io/data/db:1', reason: 'no-profile' }] });
  const pay = await asSomebody(collector, 'pia', 'analyst', ['pay']);
  expect((await get('falco?namespace=shop', pay)).status).toBe(404);
  expect((await get('calico?namespace=shop')).status).toBe(400);
});

test('the collector notes who has which address, and shows it as a metric', async () => {
  await vi.waitFor(async () => {
    const { report } = (await get('network?namespace=shop')).body as NetworkPolicyAnswer;
    expect(report.objects.historySince).not.toBeNull();
  });
  expect(await collector.metrics.registry.metrics())
    .toMatch(/lanner_collector_kube_lists_total\{outcome="ok"\} [1-9]/);
});

describe('lannerctl', () => {
  async function run(...args: readonly string[]) {
    const out: string[] = [];
    const err: string[] = [];
    const exit = await runLannerctl(args, {
      write: (text) => out.push(text),
      writeError: (text) => err.push(text),
      env: { LANNER_URL: collector.addresses.api, LANNER_TOKEN: collector.token },
      isTerminal: false,
      columns: undefined,
      signal: new AbortController().signal,
    });
    return { exit, out: out.join(''), err: err.join('') };
  }

  test('asks the collector, and no file is needed', async () => {
    const { exit, out, err } = await run('policy', 'network', '--namespace', 'shop', '--incomplete',
      '--days', '1');
    expect(exit).toBe(exitCodes.ok);
    expect(err).toMatch(/^of 18 connections since \S+Z 2 would have been denied, 2 of them with an/);
    expect(parseAllDocuments(out)).toHaveLength(2);
    const json = await run('--json', 'policy', 'network', '--namespace', 'shop', '--incomplete');
    expect(JSON.parse(json.out)).toMatchObject({ report: { replay: { denied: 2 } } });
    const none = await run('policy', 'network', '--namespace', 'shop');
    expect(none.exit).toBe(exitCodes.refused);
    expect((await run('policy', 'network', '--namespace', 'nowhere')).exit).toBe(exitCodes.notFound);
    expect((await run('report', 'plaintext')).out).toContain('0 kinds of connection of 1 profiles');
  });

  test('says what to do where the collector may not list', async () => {
    api.refuse({ times: 100, status: 403, on: /GET \/api\/v1\/pods\?/ });
    const lists = api.requests.length;
    const other = await startTestCollector({
      yaml: `kube: { mode: kubeconfig, kubeconfig: ${join(folder, 'kubeconfig')}, listObjects: true }`,
    });
    const response = await fetch(`${other.addresses.api}/api/v1/policies/network?namespace=shop`, {
      headers: { authorization: `Bearer ${other.token}` },
    });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ error: { code: 'no-objects' } });
    await other.stop();
    expect(api.requests.length).toBeGreaterThan(lists);
    api.refuse({ times: 0, status: 403 });
  });
});
