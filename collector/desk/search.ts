import type { AgentRecord, AgentStore, AlertRow } from '../store/faces.ts';
import type { Response } from '../respond/response.ts';
import type { DeskStore, PodRow, Scope, WorkedIncident } from '../store/desk-face.ts';
import { isInScope } from '../incident/visibility.ts';

/** One box for everything: of each kind a handful, looked for within the bounds of the lists. */
const SCANS = 2;

export type FoundImage = {
  readonly profileKey: string;
  readonly repository: string;
  readonly tag: string;
};

export type SearchResult = {
  readonly alerts: readonly AlertRow[];
  readonly incidents: readonly WorkedIncident[];
  readonly images: readonly FoundImage[];
  readonly pods: readonly PodRow[];
  readonly nodes: readonly Pick<AgentRecord, 'cluster' | 'node'>[];
  readonly responses: readonly Response[];
  readonly isPartial: boolean;
};

export type SearchStore =
  & Pick<DeskStore, 'pageAlerts' | 'pageIncidents' | 'listPods' | 'findProfileKeys' |
    'findResponses'>
  & Pick<AgentStore, 'listAgents'>;

export async function search(
  store: SearchStore,
  { q, limit, scope }: { readonly q: string; readonly limit: number; readonly scope: Scope },
): Promise<SearchResult> {
  const page = { limit, scansMax: SCANS };
  const alerts = await store.pageAlerts({ scope, q }, page);
  const incidents = await store.pageIncidents({ scope, q }, page);
  const pods = await store.listPods({ scope, q, limit });
  const agents = await store.listAgents();
  const has = (text: string): boolean => text.toLowerCase().includes(q.toLowerCase());
  const keys = await store.findProfileKeys(q, limit);
  return {
    alerts: alerts.rows,
    incidents: incidents.rows,
    pods: pods.rows,
    images: imagesOf(agents, keys, has).filter(({ profileKey }) => isShown(scope, profileKey))
      .slice(0, limit),
    nodes: agents.filter(({ node }) => has(node)).slice(0, limit)
      .map(({ cluster, node }) => ({ cluster, node })),
    responses: await store.findResponses({ scope, q, limit }),
    isPartial: pods.isPartial || isCut(alerts, limit) || isCut(incidents, limit),
  };
}

const isCut = (
  { rows, next }: { readonly rows: readonly unknown[]; readonly next?: number },
  limit: number,
): boolean => next !== undefined && rows.length < limit;

function imagesOf(
  agents: readonly AgentRecord[],
  keys: readonly string[],
  has: (text: string) => boolean,
): readonly FoundImage[] {
  const found = new Map<string, FoundImage>();
  for (const { heartbeat } of agents) {
    for (const { profileKey, image } of heartbeat?.images ?? []) {
      const { repository, tag } = image;
      if (has(`${repository}:${tag}`) || has(profileKey)) {
        found.set(profileKey, { profileKey, repository, tag });
      }
    }
  }
  for (const profileKey of keys) {
    if (found.has(profileKey)) continue;
    const [base = ''] = profileKey.split('#');
    const [repository = ''] = base.split('@');
    found.set(profileKey, { profileKey, repository, tag: '' });
  }
  return [...found.values()];
}

/** The part of an image that is one workload's has a namespace in its name. */
function isShown(scope: Scope, profileKey: string): boolean {
  const namespace = /#([^/#]*)\//.exec(profileKey)?.[1];
  return namespace === undefined || isInScope(scope, namespace);
}
