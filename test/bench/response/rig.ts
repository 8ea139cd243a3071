import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { FalcoReplay } from '../../../demo/replay-falco/falco-replay.ts';
import { Child } from '../../fault/child.ts';
import { Crowd } from '../fleet/crowd.ts';
import { markOf } from './marks.ts';
import type { Mark } from './marks.ts';

/**
 * One Falco, one agent, one collector, the last two as the programs they are; and other agents'
 * ends, in a process of their own, that send alerts of other nodes meanwhile.
 */
export const NODE = 'node-a';
const CLUSTER = 'bench';
const ROOT = join(import.meta.dirname, '../../..');
const POLL_MS = 20;
const BACKGROUND_ALERTS_PER_BATCH = 10;
/** Until it is stopped. */
const BACKGROUND_SECONDS = 86_400;

export type RigOptions = {
  readonly folder: string;
  readonly kubeconfig: string;
  readonly action: 'kill' | 'freeze';
  readonly cgroupRoot: string;
  readonly backgroundPerSecond: number;
  readonly onMark: (mark: Mark) => void;
};

/** Everything that a bank would have but evidence, which the aim leaves out; wide limits. */
const policyOf = (action: RigOptions['action']): string => `
limits: { perWorkload: 10, perNamespace: 10000, perNode: 10000, perCluster: 10000 }
rules:
  - { name: act, match: { severityMin: critical, namespaces: [bench] }, mode: act,
      action: ${action}, evidence: none, watchSeconds: 0 }
`;

export class Rig {
  readonly falco: FalcoReplay;
  readonly #options: RigOptions;
  #collector: Child | undefined;
  #agent: Child | undefined;
  #crowd: Crowd | undefined;

  constructor(options: RigOptions) {
    this.#options = options;
    this.falco = new FalcoReplay({ address: `unix://${join(options.folder, 'falco.sock')}` });
  }

  get pids(): { readonly agent: number; readonly collector: number } {
    return { agent: this.#agent?.pid ?? 0, collector: this.#collector?.pid ?? 0 };
  }

  async start(): Promise<void> {
    mkdirSync(this.#options.folder, { recursive: true });
    await this.falco.start();
    const link = await this.#startCollector();
    await this.#startAgent(link);
    await this.until(() => this.falco.clients === 1);
    await this.#startBackground(link);
  }

  /** Throws what a program said last when it is gone. */
  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) await Promise.race([wait(POLL_MS), this.#ended()]);
  }

  async stop(): Promise<void> {
    this.#crowd?.stop();
    await this.#agent?.end('SIGKILL');
    await this.#collector?.end('SIGKILL');
    await this.falco.stop();
  }

  async #startCollector(): Promise<string> {
    const { folder, kubeconfig, action } = this.#options;
    const policy = join(folder, 'policy.yaml');
    writeFileSync(policy, policyOf(action));
    let link = '';
    this.#collector = this.#program('collector', (line) => {
      if (line.includes('"collector started"')) link = (JSON.parse(line) as { link: string }).link;
    }, {
      LANNER_COLLECTOR_DATA_DIR: join(folder, 'collector'),
      LANNER_COLLECTOR_LINK_ADDRESS: '127.0.0.1:0',
      LANNER_COLLECTOR_API_ADDRESS: '127.0.0.1:0',
      LANNER_COLLECTOR_KUBE_MODE: 'kubeconfig',
      LANNER_COLLECTOR_KUBE_KUBECONFIG: kubeconfig,
      LANNER_COLLECTOR_POLICY_FILE: policy,
    });
    await this.until(() => link !== '');
    return link;
  }

  async #startAgent(link: string): Promise<void> {
    const { folder, cgroupRoot } = this.#options;
    let isLinked = false;
    this.#agent = this.#program('agent', (line) => {
      isLinked ||= line.includes('"linked to the collector"');
    }, {
      LANNER_AGENT_CLUSTER: CLUSTER,
      LANNER_AGENT_NODE: NODE,
      LANNER_AGENT_SOURCE_ADDRESS: this.falco.address,
      LANNER_AGENT_OUTBOX_PATH: join(folder, 'outbox.sqlite'),
      LANNER_AGENT_PROFILE_CACHE_FOLDER: join(folder, 'profiles'),
      LANNER_AGENT_LINK_ADDRESS: link,
      LANNER_AGENT_CONTAIN_CGROUP_ROOT: cgroupRoot,
      LANNER_AGENT_HTTP_LISTEN: '127.0.0.1:0',
    });
    await this.until(() => isLinked);
  }

  async #startBackground(link: string): Promise<void> {
    const { backgroundPerSecond } = this.#options;
    if (backgroundPerSecond === 0) return;
    const links = Math.ceil(backgroundPerSecond / BACKGROUND_ALERTS_PER_BATCH);
    const crowd = new Crowd(1);
    this.#crowd = crowd;
    await crowd.open(link, links);
    // It goes on until `stop` ends its process, and that is its end.
    crowd.load(links, BACKGROUND_ALERTS_PER_BATCH, BACKGROUND_SECONDS).catch(() => undefined);
  }

  #program(
    name: 'agent' | 'collector',
    onLine: (line: string) => void,
    env: Readonly<Record<string, string>>,
  ): Child {
    const marks = join(import.meta.dirname, `${name}-marks.ts`);
    const args = ['--import', marks, join(ROOT, name, 'main.ts')];
    return new Child(args, (line) => {
      const mark = markOf(line);
      if (mark === undefined) onLine(line);
      else this.#options.onMark(mark);
    }, env);
  }

  async #ended(): Promise<never> {
    const children = [this.#collector, this.#agent].filter((child) => child !== undefined);
    const ended = await Promise.race(children.map(async (child) => {
      const { status } = await child.ended;
      return `a program ended with status ${status}: ${child.words}`;
    }));
    throw new Error(ended);
  }
}
