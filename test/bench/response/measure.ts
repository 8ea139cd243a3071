import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { realRoot, RealPod } from '../../../agent/contain/testing/real-node.ts';
import { attackLine, startLine } from '../../response/falco-lines.ts';
import type { PodSeen } from '../../response/falco-lines.ts';
import type { Placed } from '../../response/workload.ts';
import { openApiServer } from './api-server.ts';
import type { ApiServer } from './api-server.ts';
import { nowMs } from './clock.ts';
import { BENCH_NAMESPACE, stages } from './marks.ts';
import type { Mark, Stage } from './marks.ts';
import type { ResponseOptions } from './options.ts';
import { NODE, Rig } from './rig.ts';
import { cpuSecondsOf } from './usage.ts';

/** A round that takes longer is a failure, not a slow one. */
const ROUND_MS_MAX = 10_000;
/** Rounds do not begin in the rhythm of what they measure. */
const PAUSE_MS = 40;
const PAUSE_SPREAD_MS = 110;
const SETTLE_MS = 1_000;
const WARM_UP_ROUNDS = 5;

export type Series = {
  readonly rounds: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** From the push to each stage. */
  readonly stagesP50Ms: Readonly<Partial<Record<Stage, number>>>;
  readonly stagesP99Ms: Readonly<Partial<Record<Stage, number>>>;
  readonly agentCpuPercent: number;
  readonly collectorCpuPercent: number;
};

export type Measured = { readonly kind: 'series'; readonly series: Series }
  | { readonly kind: 'skipped'; readonly reason: string };

type BenchPod = PodSeen & { readonly real: RealPod | undefined };
type Marks = Partial<Record<Stage, number>>;

export async function measure(
  action: 'kill' | 'freeze',
  backgroundPerSecond: number,
  options: ResponseOptions,
): Promise<Measured> {
  const cgroups = cgroupsHere();
  if (action === 'freeze' && 'reason' in cgroups) return { kind: 'skipped', ...cgroups };
  const folder = mkdtempSync(join(tmpdir(), 'lanner-bench-response-'));
  const pods: BenchPod[] = [];
  const marks = new Map<string, Marks>();
  const api = await openApiServer(folder, options.isReal && action === 'kill');
  const rig = new Rig({
    folder: join(folder, 'rig'),
    kubeconfig: api.kubeconfig,
    action,
    cgroupRoot: 'root' in cgroups ? cgroups.agentRoot : '/sys/fs/cgroup',
    backgroundPerSecond,
    onMark: ({ stage, pod, atMs }: Mark) => {
      const of = marks.get(pod);
      if (of !== undefined) of[stage] ??= atMs;
    },
  });
  try {
    await rig.start();
    for (let index = 0; index < options.rounds + WARM_UP_ROUNDS; index += 1) {
      const pod = await placePod(index, { action, api, cgroups });
      pods.push(pod);
      // What is told of the start is not what the round is about.
      rig.falco.push([startLine(pod)]);
    }
    await rig.until(() => rig.falco.backlog === 0);
    await wait(SETTLE_MS);
    return { kind: 'series', series: await runRounds(rig, pods, { marks, action }) };
  } finally {
    await rig.stop();
    for (const { real } of pods) await real?.remove();
    await api.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Cgroups =
  | { readonly version: 1 | 2; readonly root: string; readonly agentRoot: string }
  | { readonly reason: string };

function cgroupsHere(): Cgroups {
  const second = realRoot(2);
  if ('root' in second) return { version: 2, root: second.root, agentRoot: second.root };
  const first = realRoot(1);
  if ('root' in first) return { version: 1, root: first.root, agentRoot: join(first.root, '..') };
  return { reason: `${second.reason}, ${first.reason}` };
}

type Ground = {
  readonly action: 'kill' | 'freeze';
  readonly api: ApiServer;
  readonly cgroups: Cgroups;
};

/** Each of an application of its own: one intrusion at a time, not a fleet's. */
async function placePod(index: number, { action, api, cgroups }: Ground): Promise<BenchPod> {
  const workload = `web${index}`;
  const pod = `${workload}-7dm2bcfmj4-hvdzt`;
  const placed: Placed = { namespace: BENCH_NAMESPACE, name: pod, workload, node: NODE };
  const image = `registry.example/shop/${workload}`;
  if (action === 'kill' || 'reason' in cgroups) {
    const podUid = await api.place(placed, undefined);
    const containerId = randomBytes(32).toString('hex');
    return { namespace: BENCH_NAMESPACE, pod, podUid, containerId, image, real: undefined };
  }
  const real = new RealPod(cgroups.version, cgroups.root);
  const containerId = real.container();
  await real.run(containerId, 'sleep', ['3600']);
  const podUid = await api.place(placed, real.podUid);
  return { namespace: BENCH_NAMESPACE, pod, podUid, containerId, image, real };
}

async function runRounds(
  rig: Rig,
  pods: readonly BenchPod[],
  { marks, action }: { marks: Map<string, Marks>; action: 'kill' | 'freeze' },
): Promise<Series> {
  const last = action === 'kill' ? 'called' : 'frozen';
  const rounds: Marks[] = [];
  let failed = 0;
  let cpu = usageOf(rig);
  let startMs = nowMs();
  for (const [index, pod] of pods.entries()) {
    if (index === WARM_UP_ROUNDS) {
      cpu = usageOf(rig);
      startMs = nowMs();
    }
    const of: Marks = {};
    marks.set(pod.podUid, of);
    marks.set(pod.pod, of);
    const pushedMs = nowMs();
    rig.falco.push([attackLine(pod)]);
    await rig.until(() => of[last] !== undefined || nowMs() - pushedMs > ROUND_MS_MAX);
    if (index >= WARM_UP_ROUNDS) {
      if (of[last] === undefined) failed += 1;
      else rounds.push(since(pushedMs, of));
    }
    marks.clear();
    await wait(PAUSE_MS + Math.random() * PAUSE_SPREAD_MS);
  }
  const seconds = (nowMs() - startMs) / 1_000;
  const used = usageOf(rig);
  return {
    ...seriesOf(rounds, last),
    failed,
    agentCpuPercent: rounded(((used.agent - cpu.agent) / seconds) * 100),
    collectorCpuPercent: rounded(((used.collector - cpu.collector) / seconds) * 100),
  };
}

const usageOf = ({ pids }: Rig) =>
  ({ agent: cpuSecondsOf(pids.agent), collector: cpuSecondsOf(pids.collector) });

function since(startMs: number, marks: Marks): Marks {
  return Object.fromEntries(Object.entries(marks).map(([stage, atMs]) => [stage, atMs - startMs]));
}

function seriesOf(rounds: readonly Marks[], last: Stage) {
  const at = (share: number): Partial<Record<Stage, number>> => Object.fromEntries(
    stages.flatMap((stage) => {
      const value = quantile(rounds.flatMap((round) => round[stage] ?? []), share);
      return Number.isNaN(value) ? [] : [[stage, value]];
    }),
  );
  const totals = rounds.map((round) => round[last] ?? Number.NaN);
  return {
    rounds: rounds.length,
    p50Ms: quantile(totals, 0.5),
    p99Ms: quantile(totals, 0.99),
    maxMs: quantile(totals, 1),
    stagesP50Ms: at(0.5),
    stagesP99Ms: at(0.99),
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const index = Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1);
  return rounded(sorted[Math.max(0, index)] ?? Number.NaN);
}

const rounded = (value: number): number => Math.round(value * 10) / 10;
