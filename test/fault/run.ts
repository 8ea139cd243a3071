import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { Chance } from '../sim/chance.ts';
import { AgentPart } from './agent-part.ts';
import { Balancer } from './balancer.ts';
import { CollectorPart } from './collector-part.ts';
import { CompactorPart } from './compactor-part.ts';
import { FlowTruth } from './flow-truth.ts';
import type { FlowJudgement } from './flow-truth.ts';
import { killInRounds, PAUSE_MS } from './killing.ts';
import type { Kills, Span } from './killing.ts';
import { PostgresPart } from './postgres-part.ts';
import { countUncorrelated, readStored } from './stored.ts';
import { Truth } from './truth.ts';
import type { Judgement } from './truth.ts';

/**
 * Agents, two collectors, what joins old flows, and their PostgreSQL, as processes; killed with SIGKILL under load, then
 * left alone until everything is delivered, and the database compared with what was raised.
 */
export type FaultOptions = {
  readonly seed: number;
  readonly seconds: number;
  readonly agents: number;
  readonly alertsPerSecond: number;
  readonly pauseMs?: Span;
  readonly tell?: (line: string) => void;
};

export type FaultOutcome = Judgement & FlowJudgement & {
  readonly seed: number;
  readonly seconds: number;
  readonly agents: number;
  readonly kills: Kills;
  /** Alerts that agents found in their outboxes after a kill. */
  readonly found: number;
  /** Starts of a collector that ended because the database was away. */
  readonly startsRefused: number;
  readonly drainSeconds: number;
  readonly incidents: number;
  readonly incidentsWrong: number;
  readonly uncorrelated: number;
  /** Passes of the compactor that came to their end, and flows that are not joined after all. */
  readonly compactions: number;
  readonly minuteFlows: number;
  readonly problems: readonly string[];
};

const COLLECTORS = 2;
const STARTED_MS_MAX = 60_000;
/** A link waits up to 30 s between two attempts, and agents come back one after the other. */
const DRAIN_MS_MAX = 180_000;
const CORRELATED_MS_MAX = 60_000;
const LOOK_MS = 200;

type World = {
  readonly agents: readonly AgentPart[];
  readonly collectors: readonly CollectorPart[];
  readonly compactor: CompactorPart;
  readonly postgres: PostgresPart;
  readonly balancer: Balancer;
  readonly truth: Truth;
  readonly flowTruth: FlowTruth;
  readonly problems: string[];
};

export async function runFaults(options: FaultOptions): Promise<FaultOutcome> {
  const postgres = await PostgresPart.create();
  const folder = mkdtempSync(join(tmpdir(), 'lanner-fault-'));
  const balancer = new Balancer();
  const world = await createWorld(options, folder, postgres, balancer);
  try {
    return await run(options, world);
  } finally {
    for (const part of [...world.agents, ...world.collectors, world.compactor]) await part.kill();
    balancer.close();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function createWorld(
  { agents, alertsPerSecond }: FaultOptions,
  folder: string,
  postgres: PostgresPart,
  balancer: Balancer,
): Promise<World> {
  const truth = new Truth();
  const flowTruth = new FlowTruth();
  const problems: string[] = [];
  const complain = (problem: string): void => void problems.push(problem);
  const address = await balancer.listen();
  return {
    postgres,
    balancer,
    truth,
    flowTruth,
    problems,
    compactor: new CompactorPart(postgres.url, complain),
    collectors: Array.from({ length: COLLECTORS }, (_, index) => new CollectorPart({
      name: `collector-${index}`,
      folder,
      store: postgres.url,
      balancer,
      databaseTurns: () => postgres.turns,
      complain,
    })),
    agents: Array.from({ length: agents }, (_, index) => new AgentPart({
      node: `node${index}`,
      folder,
      address,
      alertsPerSecond: alertsPerSecond / agents,
      truth,
      flows: flowTruth,
      complain,
    })),
  };
}

async function run(options: FaultOptions, world: World): Promise<FaultOutcome> {
  const { agents, collectors, compactor, postgres, truth, problems } = world;
  const { seed, seconds, tell = () => undefined } = options;
  for (const part of [...collectors, ...agents]) await part.start();
  if (!await until(() => collectors.every(({ isStarted }) => isStarted), STARTED_MS_MAX)) {
    throw new Error('the collectors did not start');
  }
  await compactor.start();
  const startMs = performance.now();
  const second = (): string => ((performance.now() - startMs) / 1_000).toFixed(1);
  const kills = await killInRounds({
    parts: [...agents, ...collectors, compactor, postgres],
    chance: new Chance(seed),
    forMs: seconds * 1_000,
    pauseMs: options.pauseMs ?? PAUSE_MS,
    onKill: ({ name }) => tell(`${second()} s: ${name}, ${truth.raisedCount} alerts raised`),
  });
  const drainMs = performance.now();
  const drained = await Promise.all(agents.map((agent) => agent.drain(DRAIN_MS_MAX)));
  const drainSeconds = Math.round((performance.now() - drainMs) / 100) / 10;
  tell(`${second()} s: drained in ${drainSeconds} s`);
  for (const [index, isDrained] of drained.entries()) {
    if (!isDrained) problems.push(`${agents[index]?.name} could not deliver everything`);
  }
  await until(async () => await countUncorrelated(postgres.url) === 0, CORRELATED_MS_MAX);
  if (!await compactor.finish(DRAIN_MS_MAX)) problems.push('the flows could not be joined');
  const uncorrelated = await countUncorrelated(postgres.url);
  for (const collector of collectors) await collector.stop();
  const stored = await readStored(postgres.url);
  const { alerts, gaps, flows, incidents, incidentsWrong, minuteFlows } = stored;
  const judgement = {
    ...truth.judge(alerts, gaps),
    ...world.flowTruth.judge(flows, (node) => truth.nextOf(node)),
  };
  const outcome = {
    seed,
    seconds,
    agents: options.agents,
    ...judgement,
    incidents,
    incidentsWrong,
    uncorrelated,
    compactions: compactor.passes,
    minuteFlows,
    kills,
    found: agents.reduce((sum, { found }) => sum + found, 0),
    startsRefused: collectors.reduce((sum, { startsRefused }) => sum + startsRefused, 0),
    drainSeconds,
  };
  return { ...outcome, problems: [...problems, ...wrongIn(outcome)] };
}

const MUST_BE_NONE = ['lost', 'doubled', 'stale', 'invented', 'gapsLost', 'gapsDoubled',
  'incidentsWrong', 'uncorrelated', 'flowsLost', 'flowsDoubled', 'minuteFlows'] as const;

function wrongIn(counts: Readonly<Record<typeof MUST_BE_NONE[number], number>>) {
  return MUST_BE_NONE.filter((name) => counts[name] !== 0)
    .map((name) => `${name}: ${counts[name]}`);
}

async function until(isSo: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  while (performance.now() < endMs) {
    if (await isSo()) return true;
    await wait(LOOK_MS);
  }
  return false;
}
