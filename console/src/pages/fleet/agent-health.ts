/**
 * How an agent is, as one word that a row can be sorted and coloured by. Worst first: an agent that
 * says nothing is worse than one that says that Falco is gone, and that worse than one that lags.
 */
export const agentHealths = ['silent', 'blind', 'waiting', 'behind', 'losing', 'well'] as const;
export type AgentHealth = (typeof agentHealths)[number];

/** An alert that is older than this when it arrives is no longer news. */
const LAG_SECONDS_MAX = 10;
/** Heartbeats carry a lag of moments; this many alerts wait when the link is the bottleneck. */
const OUTBOX_PENDING_MAX = 1_000;

export type AgentFacts = {
  readonly cluster: string;
  readonly node: string;
  readonly isConnected: boolean;
  readonly sensorState: string;
  readonly lagSeconds: number;
  readonly outboxPending: number;
  readonly agentVersion: string;
  readonly falcoVersion: string;
};

/** `dropsPerSecond` of now: losses of last week are in the gaps, not in today's health. */
export function healthOf(agent: AgentFacts, dropsPerSecond: number): AgentHealth {
  if (!agent.isConnected) return 'silent';
  if (agent.sensorState === 'disconnected' || agent.sensorState === 'ended') return 'blind';
  if (agent.sensorState === 'connecting') return 'waiting';
  if (agent.lagSeconds > LAG_SECONDS_MAX || agent.outboxPending > OUTBOX_PENDING_MAX) {
    return 'behind';
  }
  return dropsPerSecond > 0 ? 'losing' : 'well';
}

export const inOrderOfHealth = <T extends AgentFacts>(
  agents: readonly T[],
  of: (agent: T) => AgentHealth,
): readonly T[] =>
  agents.toSorted((a, b) =>
    agentHealths.indexOf(of(a)) - agentHealths.indexOf(of(b)) ||
    collator.compare(a.node, b.node) || collator.compare(a.cluster, b.cluster));

const collator = new Intl.Collator('en', { numeric: true });

export type FleetTotals = {
  readonly agents: number;
  readonly byHealth: Readonly<Record<AgentHealth, number>>;
  readonly agentVersions: readonly (readonly [version: string, agents: number])[];
  readonly falcoVersions: readonly (readonly [version: string, agents: number])[];
};

export function totalsOf<T extends AgentFacts>(
  agents: readonly T[],
  of: (agent: T) => AgentHealth,
): FleetTotals {
  const byHealth: Record<AgentHealth, number> = {
    silent: 0, blind: 0, waiting: 0, behind: 0, losing: 0, well: 0,
  };
  for (const agent of agents) byHealth[of(agent)] += 1;
  return {
    agents: agents.length,
    byHealth,
    agentVersions: counted(agents.map(({ agentVersion }) => agentVersion)),
    falcoVersions: counted(agents.map(({ falcoVersion }) => falcoVersion)),
  };
}

/** Most used first. More than one version in a fleet is a rollout, or one that got stuck. */
function counted(versions: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const version of versions) counts.set(version, (counts.get(version) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1] || collator.compare(a[0], b[0]));
}
