import type { ImageProgress } from '../../proto/lanner/v1/frames.ts';
import type { PodRow, Scope, WorkedIncident } from '../store/desk-face.ts';
import { seenFrom } from '../incident/visibility.ts';
import type { IncidentWork } from '../incident/work.ts';
import { shownSeverity } from '../incident/handling.ts';
import type { AgentRecord, AlertRow, GapRow } from '../store/faces.ts';
import type { AlertView } from './contract/alert.ts';
import type { GapView, NodeView, PodView } from './contract/fleet.ts';
import type { IncidentView } from './contract/incident.ts';

/** How records look from outside: times as text, and where a record stands among others. */
export const timeText = (ms: number): string => new Date(ms).toISOString();

/** A severity is shown as it was sent on: in a maintenance window, as no more than news. */
export const alertView = ({ alert, incidentId, receivedAtMs, handling }: AlertRow): AlertView => ({
  ...alert,
  severity: shownSeverity(alert, handling),
  incidentId,
  receivedTime: timeText(receivedAtMs),
  handling,
});

export const workView = ({ revision, acknowledged, assignee, closed }: IncidentWork) => ({
  revision,
  acknowledged: acknowledged && { by: acknowledged.by, time: timeText(acknowledged.atMs) },
  assignee,
  closed: closed && {
    by: closed.by,
    time: timeText(closed.atMs),
    why: closed.why,
    verdict: closed.verdict,
  },
});

export const incidentView = (
  { incident, work }: Pick<WorkedIncident, 'incident' | 'work'>,
  scope: Scope,
): IncidentView => ({
  ...seenFrom(scope, incident),
  isOpen: incident.state === 'open' && work.closed === null,
  work: workView(work),
});

export const podView = ({ alerts, last: { alert } }: PodRow): PodView => ({
  cluster: alert.cluster,
  namespace: alert.namespace,
  pod: alert.pod,
  podUid: alert.podUid,
  node: alert.node,
  workload: alert.workload,
  image: alert.image.repository,
  alerts,
  lastAlertId: alert.id,
  lastTime: alert.lastTime,
});

export const gapView = (gap: GapRow): GapView => ({
  cluster: gap.cluster,
  node: gap.node,
  from: gap.from,
  to: gap.to,
  cause: gap.cause as GapView['cause'],
  eventsEstimate: gap.eventsEstimate,
  receivedTime: timeText(gap.receivedAtMs),
});

export const nodeView = (agent: AgentRecord, isConnected: boolean): NodeView => ({
  cluster: agent.cluster,
  node: agent.node,
  isConnected,
  agentVersion: agent.agentVersion,
  // The agent says hello before Falco has answered it.
  falcoVersion: agent.heartbeat?.falcoVersion || agent.falcoVersion,
  sensorState: agent.heartbeat?.sensorState ?? 'unknown',
  sensorDetail: agent.heartbeat?.sensorDetail ?? '',
  capabilities: [...agent.capabilities],
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
