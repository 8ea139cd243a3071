import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Alert } from '../../baseline/alert.ts';
import { KubeApi } from '../../collector/testing/kube-api.ts';
import { writeKubeconfig } from '../../collector/testing/kubeconfig.ts';
import { learned, zipped } from '../../collector/testing/profiles.ts';
import type { Learned } from '../../collector/testing/profiles.ts';
import { startTestCollector } from '../../collector/testing/start.ts';
import type { TestCollector } from '../../collector/testing/start.ts';
import { TestAgent } from '../../collector/testing/test-agent.ts';
import type {
  AlertsFrame,
  FlowChunk,
  HelloFrame,
  ImagesFrame,
} from '../../proto/lanner/v1/frames.ts';
import { ALERTS_PER_BATCH_MAX } from '../../proto/lanner/v1/bounds.ts';

/**
 * A collector with a store on disk, a cluster double and agents on its link: what the console is
 * shown over. Nothing in the collector is replaced.
 */
const POLICY = `
fourEyes: [isolate]
watchSeconds: 0
rules: [{ name: none, match: { severityMin: critical, scoreMin: 100 }, action: label }]
`;

export type World = {
  readonly collector: TestCollector;
  readonly kube: KubeApi;
  readonly agent: FedAgent;
  stop(): Promise<void>;
};

export async function startWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'lanner-browser-'));
  const kube = new KubeApi();
  const kubeconfig = writeKubeconfig(folder, await kube.start());
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
  const collector = await startTestCollector({
    inMemory: false,
    yaml: `
kube: { mode: kubeconfig, kubeconfig: ${kubeconfig} }
policy: { file: ${join(folder, 'policy.yaml')} }
`,
  });
  const agent = await FedAgent.link(collector, 'node-1');
  return {
    collector,
    kube,
    agent,
    stop: async () => {
      agent.cut();
      await collector.stop();
      await kube.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** An agent that sends what a test says, in order, and waits until it is stored. */
export class FedAgent {
  readonly #agent: TestAgent;
  readonly #node: string;
  #sequence = 0;
  #acksRead = 0;

  private constructor(agent: TestAgent, node: string) {
    this.#agent = agent;
    this.#node = node;
  }

  static async link(
    collector: Pick<TestCollector, 'addresses'>,
    node: string,
    says: Partial<HelloFrame> = {},
  ): Promise<FedAgent> {
    const agent = new TestAgent(collector.addresses.link);
    agent.hello({ node, epoch: `epoch-${node}`, ...says });
    const fed = new FedAgent(agent, node);
    await agent.frame('welcome');
    return fed;
  }

  /** Resolves once the collector has committed them; several calls may be under way. */
  async alerts(alerts: readonly Alert[]): Promise<void> {
    for (let start = 0; start < alerts.length; start += ALERTS_PER_BATCH_MAX) {
      this.#sequence += 1;
      this.#agent.send({
        kind: 'alerts',
        epoch: `epoch-${this.#node}`,
        sequence: this.#sequence,
        alerts: alerts.slice(start, start + ALERTS_PER_BATCH_MAX)
          .map((alert) => ({ ...alert, node: this.#node })),
        gaps: [],
      });
    }
    await this.#acked();
  }

  /** Who talked to whom in a minute; and what was not seen in it. */
  async flows(flows: FlowChunk, gaps: AlertsFrame['gaps'] = []): Promise<void> {
    this.#sequence += 1;
    this.#agent.send({
      kind: 'alerts',
      epoch: `epoch-${this.#node}`,
      sequence: this.#sequence,
      alerts: [],
      gaps,
      flows,
    });
    await this.#acked();
  }

  runs(frame: ImagesFrame): void {
    this.#agent.send(frame);
  }

  async #acked(): Promise<void> {
    const mine = this.#sequence;
    for (let index = this.#acksRead; ; index += 1) {
      const ack = await this.#agent.frame('ack', index);
      this.#acksRead = Math.max(this.#acksRead, index);
      if (ack.sequence >= mine) return;
    }
  }

  heartbeat(over: Partial<Parameters<TestAgent['send']>[0]> = {}): void {
    this.#agent.send({
      kind: 'heartbeat',
      time: new Date().toISOString(),
      eventsReceived: 48_211_932,
      eventsJudged: 48_211_930,
      eventsDropped: 2,
      outboxPending: 0,
      lagSeconds: 0.4,
      images: [],
      falcoVersion: '0.43.1',
      sensorState: 'streaming',
      sensorDetail: '',
      ...over,
    } as Parameters<TestAgent['send']>[0]);
  }

  evidence(over: Learned): void {
    const document = learned(over);
    this.#agent.send({
      kind: 'evidence',
      profileKey: document.key,
      revision: 1,
      document: zipped(document),
    });
  }

  cut(): void {
    this.#agent.cut();
  }
}
