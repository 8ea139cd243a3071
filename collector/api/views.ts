import type { ImageProgress } from '../../proto/lanner/v1/frames.ts';
import type { AgentRecord, AlertRow, GapRow } from '../store/faces.ts';

/** How records look from outside: times as text, and where a record stands among others. */
const timeText = (ms: number): string => new Date(ms).toISOString();

export const alertView = ({ alert, incidentId, receivedAtMs }: AlertRow) => ({
  ...alert,
  incidentId,
  receivedTime: timeText(receivedAtMs),
});

export const gapView = (gap: GapRow) => ({
  cluster: gap.cluster,
  node: gap.node,
  from: gap.from,
  to: gap.to,
  cause: gap.cause,
  eventsEstimate: gap.eventsEstimate,
  receivedTime: timeText(gap.receivedAtMs),
});

export const nodeView = (agent: AgentRecord, isConnected: boolean) => ({
  cluster: agent.cluster,
  node: agent.node,
  isConnected,
  agentVersion: agent.agentVersion,
  // The agent says hello before Falco has answered it.
  falcoVersion: agent.heartbeat?.falcoVersion || agent.falcoVersion,
  sensorState: agent.heartbeat?.sensorState ?? 'unknown',
  sensorDetail: agent.heartbeat?.sensorDetail ?? '',
  capabilities: agent.capabilities,
  protocol: agent.protocol,
  connectedTime: timeText(agent.connectedAtMs),
  lastSeenTime: timeText(agent.lastSeenMs),
  eventsReceived: agent.heartbeat?.eventsReceived ?? 0,
  eventsJudged: agent.heartbeat?.eventsJudged ?? 0,
  eventsDropped: agent.heartbeat?.eventsDropped ?? 0,
  outboxPending: agent.heartbeat?.outboxPending ?? 0,
  lagSeconds: agent.heartbeat?.lagSeconds ?? 0,
  images: agent.heartbeat?.images.length ?? 0,
});

export type ImageView = ImageProgress & { readonly nodes: number };

/** One line per profile: that of the agent that has seen most of it, and how many agents run it. */
export function imageViews(agents: readonly AgentRecord[]): readonly ImageView[] {
  const images = new Map<string, ImageView>();
  for (const { heartbeat } of agents) {
    for (const progress of heartbeat?.images ?? []) {
      const known = images.get(progress.profileKey);
      const best = known && known.observations >= progress.observations ? known : progress;
      images.set(progress.profileKey, { ...best, nodes: (known?.nodes ?? 0) + 1 });
    }
  }
  return inOrder([...images.values()]);
}

export const inOrder = (views: readonly ImageView[]): readonly ImageView[] =>
  views.toSorted((a, b) =>
    compare(a.image.repository, b.image.repository) || compare(a.profileKey, b.profileKey));

const compare = (left: string, right: string): number =>
  left < right ? -1 : left > right ? 1 : 0;
