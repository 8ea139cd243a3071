import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openStore } from '../../collector/store/open-store.ts';
import { callApi } from '../../collector/testing/api-client.ts';
import type { Reply } from '../../collector/testing/api-client.ts';
import { KubeApi } from '../../collector/testing/kube-api.ts';
import { writeKubeconfig } from '../../collector/testing/kubeconfig.ts';
import type { Learned } from '../../collector/testing/profiles.ts';
import { startTestCollector } from '../../collector/testing/start.ts';
import type { TestCollector } from '../../collector/testing/start.ts';
import { TestAgent } from '../../collector/testing/test-agent.ts';
import type { ImageProgress } from '../../proto/lanner/v1/frames.ts';
import { hostile } from './hostile.ts';
import {
  CART,
  HOSTILE,
  LAYER,
  NEW,
  NEW_KEY,
  NODE_IP,
  OLD,
  connect,
  fillCluster,
  runsOf,
} from './network-data.ts';
import { FedAgent } from './world.ts';

/**
 * A fleet as an operator finds it on a working day: two versions of an image, one that is still
 * learning, an agent that is well, one that is blind and one that is gone, gaps, an output whose
 * receiver refuses, and a history of coverage that was written before the collector started.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const POLICY = `
fourEyes: [isolate]
watchSeconds: 30
protectedNamespaces: [kube-system, 'bank-core-*']
limits: { perNamespace: 4 }
rules:
  - name: freeze-critical-in-shop
    match: { namespaces: ['shop*'], severityMin: critical, scoreMin: 99, podsMin: 3 }
    mode: act
    action: freeze
    ttlSeconds: 900
  - name: isolate-high
    match: { severityMin: critical, scoreMin: 100, channels: [exec, net], techniques: [T1059] }
    action: isolate
    fallback: [freeze]
    evidence: required
`;

export const COMMANDS = ['nginx -g daemon', 'sh /docker-entrypoint.sh', 'nginx -t'] as const;
export const NEW_COMMAND = '/usr/bin/opentelemetry-agent --config /etc/otel.yaml';

export type PagesWorld = {
  readonly collector: TestCollector;
  readonly kube: KubeApi;
  readonly agent: FedAgent;
  readonly policyFile: string;
  /** From now on the output's receiver takes what it is sent. */
  readonly letReceiverTake: () => void;
  readonly api: (method: string, path: string, body?: unknown) => Promise<Reply>;
  stop(): Promise<void>;
};

export async function startPagesWorld(): Promise<PagesWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'lanner-pages-'));
  await writeHistory(folder);
  const kube = new KubeApi();
  const kubeconfig = writeKubeconfig(folder, await kube.start());
  fillCluster(kube);
  const policyFile = join(folder, 'policy.yaml');
  writeFileSync(policyFile, POLICY);
  const receiver = await Receiver.start();
  const collector = await startTestCollector({
    inMemory: false,
    folder,
    yaml: `
kube: { mode: kubeconfig, kubeconfig: ${kubeconfig}, listObjects: true }
policy: { file: ${policyFile} }
outputs: [{ name: soc-siem, kind: falcosidekick, url: '${receiver.url}', from: beginning }]
`,
  });
  const agent = await FedAgent.link(collector, 'node-1',
    { addresses: [NODE_IP], capabilities: ['image-runs', 'image-layers'] });
  learn(agent);
  await connect(agent);
  agent.runs(runsOf(['web', 'cart']));
  const others = await linkOthers(collector);
  await told(collector);
  return {
    collector,
    kube,
    agent,
    policyFile,
    letReceiverTake: () => receiver.take(),
    api: (method, path, body) => callApi(collector, method, `/api/v1${path}`, body),
    stop: async () => {
      agent.cut();
      for (const other of others) other.cut();
      await collector.stop();
      await kube.stop();
      await receiver.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Nine hours of learning, as the collector would have kept them. */
async function writeHistory(folder: string): Promise<void> {
  const store = await openStore({ path: join(folder, 'collector.db') });
  const now = Date.now();
  const points = Array.from({ length: 55 }, (_, index) => ({
    profileKey: NEW_KEY,
    atMs: now - 9 * HOUR_MS + index * 10 * MINUTE_MS,
    coverage: 1 - 0.62 * Math.exp(-index / 14) - (index % 9 === 4 ? 0.02 : 0),
    observations: 900 * (index + 1),
    pods: Math.min(6, 1 + Math.floor(index / 8)),
    state: index < 48 ? 'learning' as const : 'complete' as const,
  }));
  await store.addCoverage(points);
  await store.close();
}

function learn(agent: FedAgent): void {
  const pods = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5', 'web-6'];
  const base: Learned = {
    pods,
    ms: Date.now() - 9 * HOUR_MS,
    files: ['access.log', 'error.log', 'audit/2026-03-01.log', 'audit/2026-03-02.log'],
    commands: COMMANDS,
    addresses: ['10.96.0.10', '10.96.4.17'],
    // In plain text, to the other workload's service.
    connections: [['10.96.4.17', 8080]],
  };
  agent.evidence({ ...base, image: OLD });
  agent.evidence({
    ...base,
    image: NEW,
    commands: [...COMMANDS, NEW_COMMAND],
    addresses: ['10.96.0.10', '10.96.9.99'],
    files: Array.from({ length: 420 }, (_, n) => `requests/${String(n * 7_919).padStart(7, 'x')}.tmp`),
  });
  agent.evidence({ image: CART, pods: ['cart-1'], ms: Date.now() - HOUR_MS });
  agent.evidence({ image: HOSTILE, commands: Object.values(hostile).map((text) => `sh ${text}`) });
  const progress = (of: ImageProgress['image'], over: Partial<ImageProgress>): ImageProgress => ({
    profileKey: `${of.repository}@${of.digest}`,
    image: of,
    state: 'learning',
    coverage: 0.5,
    observations: 1_000,
    pods: 1,
    completeInSeconds: -1,
    ...over,
  });
  agent.heartbeat({
    images: [
      progress(NEW, { state: 'complete', coverage: 0.992, observations: 49_500, pods: 6 }),
      progress(CART, { coverage: 0.71, observations: 8_120, pods: 2, completeInSeconds: 2_400 }),
      progress(HOSTILE, { state: 'never-complete', coverage: 0.34 }),
    ],
  });
}

/** What agents tell of their images is written together, a moment later. */
async function told(collector: TestCollector): Promise<void> {
  for (;;) {
    const { body } = await callApi(collector, 'GET', `/api/v1/blast-radius?layer=${LAYER}`);
    if ((body['images'] as readonly unknown[] | undefined)?.length === 2) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function linkOthers(collector: TestCollector): Promise<readonly TestAgent[]> {
  const blind = new TestAgent(collector.addresses.link);
  blind.hello({ node: 'node-2', epoch: 'e2', agentVersion: '0.0.9', capabilities: ['freeze'] });
  await blind.frame('welcome');
  blind.send({
    kind: 'heartbeat',
    time: new Date().toISOString(),
    eventsReceived: 1_204_117,
    eventsJudged: 1_204_000,
    eventsDropped: 117,
    outboxPending: 3,
    lagSeconds: 2.5,
    images: [],
    falcoVersion: '0.42.0',
    sensorState: 'disconnected',
    sensorDetail: `connect ENOENT /run/falco/falco.sock ${hostile.bidi}`,
  });
  const now = Date.now();
  const gap = (cause: 'falco-drop' | 'falco-restart', ago: number, lasted: number, lost: number) => ({
    from: new Date(now - ago).toISOString(),
    to: new Date(now - ago + lasted).toISOString(),
    cause,
    eventsEstimate: lost,
  });
  blind.send({ kind: 'alerts', epoch: 'e2', sequence: 1, alerts: [], gaps: [
    gap('falco-drop', 40 * MINUTE_MS, 12_000, 117),
    gap('falco-restart', 9 * MINUTE_MS, 4 * MINUTE_MS, -1),
  ] });
  await blind.frame('ack');
  const gone = new TestAgent(collector.addresses.link);
  gone.hello({ node: 'node-10', epoch: 'e10' });
  await gone.frame('welcome');
  gone.cut();
  return [blind];
}

/** A SIEM that refuses for good until it is told to take. */
class Receiver {
  readonly #server: Server;
  #status = 400;

  private constructor() {
    this.#server = createServer((request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(this.#status).end('index is read-only'));
    });
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  take(): void {
    this.#status = 200;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
