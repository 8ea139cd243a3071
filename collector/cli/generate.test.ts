import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

import { anAlert } from '../testing/alerts.ts';
import { learned, zipped } from '../testing/profiles.ts';
import { startTestCollector } from '../testing/start.ts';
import type { TestCollector } from '../testing/start.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { exitCodes } from './exit-codes.ts';
import { runLannerctl } from './run.ts';

const WEB = 'docker.io/shop/web:1.0';
let collector: TestCollector;
let agent: TestAgent;
let folder: string;
let objects: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-generate-cli-'));
  objects = join(folder, 'objects.json');
  const pod = (namespace: string, app: string, image: string, podIP: string) => ({
    kind: 'Pod',
    metadata: { namespace, name: `${app}-0`, labels: { app, 'pod-template-hash': 'x' },
      ownerReferences: [{ kind: 'ReplicaSet', name: `${app}-x`, controller: true }] },
    spec: { nodeName: `node-${app}`, containers: [{ name: 'main', image }] },
    status: { podIP },
  });
  writeFileSync(objects, JSON.stringify({ items: [
    pod('shop', 'web', WEB, '10.1.0.1'),
    pod('data', 'db', 'docker.io/data/db:1', '10.1.0.2'),
    { kind: 'Service', metadata: { namespace: 'data', name: 'db' },
      spec: { clusterIP: '10.96.0.7', selector: { app: 'db' }, ports: [{ port: 443, targetPort: 8443 }] } },
  ] }));
  collector = await startTestCollector();
  agent = new TestAgent(collector.addresses.link);
  agent.hello();
  const document = learned({ addresses: ['10.96.0.7', '203.0.113.9'], files: ['a'], pods: ['p1', 'p2'] });
  agent.send({ kind: 'evidence', profileKey: document.key, revision: 1, document: zipped(document) });
  agent.send({ kind: 'alerts', epoch: 'e1', sequence: 1, alerts: [anAlert()], gaps: [] });
  await agent.frame('ack');
});

afterAll(async () => {
  agent.cut();
  await collector.stop();
  rmSync(folder, { recursive: true });
});

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

describe('lannerctl policy', () => {
  test('writes network policies with services as the pods behind them', async () => {
    const { exit, out, err } = await run('policy', 'network', '--namespace', 'shop', '--objects',
      objects, '--incomplete');
    expect({ exit, err }).toEqual({ exit: exitCodes.ok, err: '' });
    const [policy, isolation] = parseAllDocuments(out)
      .map((one) => one.toJS() as { metadata: { name: string }; spec: { egress: unknown } });
    expect(policy?.spec.egress).toEqual([
      { to: [{ ipBlock: { cidr: '203.0.113.9/32' } }], ports: [{ protocol: 'TCP', port: 443 }] },
      {
        to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'data' } },
          podSelector: { matchLabels: { app: 'db' } } }],
        ports: [{ protocol: 'TCP', port: 8443 }],
      },
    ]);
    expect(isolation?.metadata.name).toBe('learned-isolation');
  });

  test('makes none of what is still learned, says so and ends with a code', async () => {
    const { exit, out } = await run('policy', 'network', '--namespace', 'shop', '--objects', objects);
    expect(exit).toBe(exitCodes.refused);
    expect(out).toContain('left out: shop/web: incomplete-channel');
    const cilium = await run('policy', 'network', '--namespace', 'shop', '--objects', objects,
      '--incomplete', '--cilium');
    expect(cilium.out).toContain('kind: CiliumNetworkPolicy');
  });

  test('refuses a file that is no list of objects', async () => {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, '{"kind":"Pod"}');
    const { exit, err } = await run('policy', 'network', '--namespace', 'shop', '--objects', file);
    expect(exit).toBe(exitCodes.failed);
    expect(err).toContain('not-a-list');
    writeFileSync(file, '{"items":[{"kind":"Pod","metadata":{"name":1}}]}');
    const wrong = await run('policy', 'network', '--namespace', 'shop', '--objects', file);
    expect(wrong.err).toContain('items[0]');
  });

  test('writes Falco rules, a seccomp profile and a KubeArmor policy', async () => {
    const falco = await run('policy', 'falco', WEB);
    expect(falco.err).toContain('still learned: exec, net, priv');
    expect((parse(falco.out) as readonly { rule?: string }[]).filter(({ rule }) => rule !== undefined))
      .toHaveLength(9);
    const seccomp = await run('policy', 'seccomp', WEB);
    expect(JSON.parse(seccomp.out)).toMatchObject({ defaultAction: 'SCMP_ACT_ERRNO' });
    const kubearmor = await run('policy', 'kubearmor', WEB);
    expect(parse(kubearmor.out)).toMatchObject({ kind: 'KubeArmorPolicy' });
    const nobody = await run('policy', 'falco', 'docker.io/none:1');
    expect(nobody.exit).toBe(exitCodes.notFound);
  });
});

describe('lannerctl report plaintext', () => {
  test('tells connections by ports of unencrypted protocols, and the limits of that', async () => {
    const { exit, out } = await run('report', 'plaintext', '--objects', objects);
    expect(exit).toBe(exitCodes.ok);
    // 443 is none of them.
    expect(out).toContain('0 kinds of connection of 1 profiles. By port alone');
  });
});
