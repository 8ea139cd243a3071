import { execPath } from 'node:process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { vi } from 'vitest';

import { startAgent } from '../../agent/agent.ts';
import type { RunningAgent } from '../../agent/agent.ts';
import { RealPod } from '../../agent/contain/testing/real-node.ts';
import { OUTBOX_BYTES_MIN } from '../../agent/outbox/outbox.ts';
import { Baseline } from '../../baseline/baseline.ts';
import type { Response } from '../../collector/respond/response.ts';
import { callApi, itemsOf } from '../../collector/testing/api-client.ts';
import type { Reply } from '../../collector/testing/api-client.ts';
import { KubeApi } from '../../collector/testing/kube-api.ts';
import { writeKubeconfig } from '../../collector/testing/kubeconfig.ts';
import { startTestCollector } from '../../collector/testing/start.ts';
import type { TestCollector } from '../../collector/testing/start.ts';
import { FalcoReplay } from '../../demo/replay-falco/falco-replay.ts';
import { attackLine, startLine } from './falco-lines.ts';
import type { PodSeen } from './falco-lines.ts';
import { placeInDouble } from './workload.ts';

/**
 * A whole site on one machine: pods with real processes in real cgroups, a Falco, the agent, the
 * collector under a policy that acts, and an API server (the double).
 */
const NODE = 'node-a';
const CLUSTER = 'lab';
const NAMESPACE = 'shop';
const WAIT_MS = 20_000;
/** USER_HZ ticks, user and system time: fields 14 and 15 of a stat file. */
const UTIME_INDEX = 11;

export type Cgroups = { readonly version: 1 | 2; readonly root: string };

export type SitePod = PodSeen & {
  readonly real: RealPod;
  readonly pid: number;
};

export class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'lanner-response-'));
  readonly api = new KubeApi();
  readonly falco = new FalcoReplay({ address: `unix://${join(this.folder, 'falco.sock')}` });
  readonly #cgroups: Cgroups;
  readonly #agentLines: string[] = [];
  readonly #pods: SitePod[] = [];
  #collector: TestCollector | undefined;
  #agent: RunningAgent | undefined;

  private constructor(cgroups: Cgroups) {
    this.#cgroups = cgroups;
  }

  static async start(cgroups: Cgroups, policy: string): Promise<Site> {
    const site = new Site(cgroups);
    await site.falco.start();
    const kubeconfig = writeKubeconfig(site.folder, await site.api.start());
    const policyFile = join(site.folder, 'policy.yaml');
    writeFileSync(policyFile, policy);
    site.#collector = await startTestCollector({
      folder: join(site.folder, 'collector'),
      inMemory: false,
      yaml: `
kube: { mode: kubeconfig, kubeconfig: ${kubeconfig} }
policy: { file: ${policyFile} }
`,
    });
    await site.#startAgent();
    return site;
  }

  async stop(): Promise<void> {
    await this.#agent?.stop();
    await this.#collector?.stop();
    await this.api.stop();
    await this.falco.stop();
    for (const { real } of this.#pods) await real.remove();
    rmSync(this.folder, { recursive: true });
  }

  /** A pod whose one process does nothing but work, known to everybody. */
  async run(workload: string): Promise<SitePod> {
    const { version, root } = this.#cgroups;
    const real = new RealPod(version, root);
    const containerId = real.container();
    const pid = await real.run(containerId, execPath, ['-e', 'for (;;) {}']);
    const pod: SitePod = {
      namespace: NAMESPACE,
      pod: `${workload}-7dm2bcfmj4-hvdzt`,
      podUid: real.podUid,
      containerId,
      image: `registry.example/shop/${workload}`,
      real,
      pid,
    };
    this.#pods.push(pod);
    const placed = { namespace: NAMESPACE, name: pod.pod, workload, node: NODE };
    placeInDouble(this.api, placed, pod.podUid);
    this.falco.push([startLine(pod)]);
    return pod;
  }

  attack(pod: SitePod): void {
    this.falco.push([attackLine(pod)]);
  }

  call(method: string, path: string, body?: unknown): Promise<Reply> {
    const collector = this.#collector;
    if (collector === undefined) throw new Error('the site has started');
    return callApi(collector, method, path, body);
  }

  async bytes(path: string): Promise<Buffer> {
    const { addresses, token } = this.#collector ?? { addresses: { api: '' }, token: '' };
    const headers = { authorization: `Bearer ${token}` };
    const reply = await fetch(addresses.api + path, { headers });
    return Buffer.from(await reply.arrayBuffer());
  }

  /** The newest response of that action for the pod, once it is in one of the states. */
  async response(
    pod: SitePod,
    action: Response['action'],
    states: readonly Response['state'][],
  ): Promise<Response> {
    let last = 'none';
    return vi.waitFor(async () => {
      const reply = await this.call('GET', '/api/v1/responses?limit=50');
      const found = (itemsOf(reply) as unknown as readonly Response[]).find((one) =>
        one.target.podUid === pod.podUid && one.action === action);
      last = `${found?.state} ${found?.reason} ${found?.detail}`;
      if (found === undefined || !states.includes(found.state)) {
        throw new Error(`the ${action} is not ${states.join(' or ')} but ${last}`);
      }
      return found;
    }, { timeout: WAIT_MS, interval: 20 });
  }

  /** The agent has got that command for the pod. */
  async commanded(pod: SitePod, action: string): Promise<void> {
    await vi.waitUntil(() => this.#agentLines.some((line) =>
      line.includes('"command received"') && line.includes(`"action":"${action}"`) &&
      line.includes(pod.podUid)), { timeout: WAIT_MS, interval: 5 });
  }

  isFrozen({ real, containerId }: SitePod): boolean {
    const path = real.pathOf(containerId);
    return this.#cgroups.version === 1
      ? readFileSync(join(path, 'freezer.state'), 'utf8').trim() === 'FROZEN'
      : /^frozen 1$/m.test(readFileSync(join(path, 'cgroup.events'), 'utf8'));
  }

  /** Somebody on the node, and not by us. */
  thawBehindOurBack({ real, containerId }: SitePod): void {
    const [file, text] = this.#cgroups.version === 1
      ? ['freezer.state', 'THAWED'] as const
      : ['cgroup.freeze', '0'] as const;
    writeFileSync(join(real.pathOf(containerId), file), text);
  }

  async #startAgent(): Promise<void> {
    const { version, root } = this.#cgroups;
    const lines = { write: (line: string): void => void this.#agentLines.push(line) };
    const agent = await startAgent({
      cluster: CLUSTER,
      node: NODE,
      version: '0.1.0',
      source: { kind: 'grpc', address: this.falco.address },
      baseline: new Baseline({ cluster: CLUSTER, node: NODE }),
      outbox: { path: join(this.folder, 'outbox.sqlite'), bytesMax: OUTBOX_BYTES_MIN },
      link: { address: this.#collector?.addresses.link ?? '', tls: null },
      contain: {
        cgroupRoot: version === 1 ? join(root, '..') : root,
        procRoot: '/proc',
        freezeSecondsMax: 0,
      },
      http: null,
      registry: new Registry(),
      log: pino({ level: 'info' }, lines),
    });
    this.#agent = agent;
    const isUp = (): boolean => agent.stats().link.isLinked && this.falco.clients === 1;
    await vi.waitUntil(isUp, { timeout: WAIT_MS });
  }
}

/** What the process has used of the CPU so far, in ticks. */
export function ticksOf({ pid }: SitePod): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
  return Number(fields[UTIME_INDEX]) + Number(fields[UTIME_INDEX + 1]);
}
