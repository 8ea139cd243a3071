import { sql } from 'kysely';

import type { Destination, FlowStore } from '../flows/flow-store.ts';
import { answerFlows } from './flow-answers.ts';
import { MINUTE_MS } from './flow-chunks.ts';
import { countFlows, oldestSlot, retainFlows } from './flow-retention.ts';
import { FlowReader } from './flow-rows.ts';
import { scanFlows } from './flow-scan.ts';
import type { StoreContext } from './store-context.ts';
import type { Db } from './tables.ts';

/** What is asked of the flow ledger; `flow-writer.ts` fills it. */
const NODES_MAX = 100;
const GAPS_MAX = 1_000;
const SPANS_MAX = 1_000;
export const DESTINATIONS_MAX = 10_000;

export function flowStore(context: StoreContext): FlowStore {
  const { db } = context;
  const reader = new FlowReader(context);
  return {
    nodesWithAddress: async (address, cluster) => {
      let query = db.selectFrom('agent_addresses').select(['cluster', 'node'])
        .where('address', '=', address).orderBy('cluster').orderBy('node').limit(NODES_MAX);
      if (cluster !== undefined) query = query.where('cluster', '=', cluster);
      return await query.execute();
    },
    flowsTo: (question) => answerFlows(db, reader, question),
    gapsWithin: async (nodes, fromMs, toMs) => {
      const rows = await Promise.all(nodes.slice(0, NODES_MAX).map(({ cluster, node }) =>
        db.selectFrom('gaps')
          .select(['cluster', 'node', 'from_time', 'to_time', 'cause', 'events_estimate'])
          .where('cluster', '=', cluster).where('node', '=', node)
          // RFC 3339 with nine digits: text order is time order.
          .where('from_time', '<=', timeText(toMs)).where('to_time', '>=', timeText(fromMs))
          .orderBy('from_time').limit(GAPS_MAX).execute()));
      return rows.flat().map((row) => ({
        cluster: row.cluster,
        node: row.node,
        from: row.from_time,
        to: row.to_time,
        cause: row.cause,
        eventsEstimate: row.events_estimate,
      }));
    },
    watchedWithin: async (nodes, fromMs, toMs) => {
      const rows = await Promise.all(nodes.slice(0, NODES_MAX).map(({ cluster, node }) =>
        db.selectFrom('flow_spans').innerJoin('flow_nodes', 'flow_nodes.id', 'flow_spans.node')
          .select(['flow_nodes.cluster', 'flow_nodes.node', 'from_at', 'to_at'])
          .where('flow_nodes.cluster', '=', cluster).where('flow_nodes.node', '=', node)
          .where('from_at', '<=', toMs).where('to_at', '>=', fromMs)
          .orderBy('from_at').limit(SPANS_MAX).execute()));
      return rows.flat().map((row) =>
        ({ cluster: row.cluster, node: row.node, fromMs: row.from_at, toMs: row.to_at }));
    },
    listFlows: (filter, page) => scanFlows(db, reader, filter, page),
    listDestinations: (filter) => listDestinations(db, filter),
    flowLevels: async () => {
      const [counts, oldest] = [await countFlows(db), await oldestSlot(db)];
      return { ...counts, oldestMs: oldest === undefined ? null : oldest * MINUTE_MS };
    },
    retainFlows: (limits, nowMs, isOver = () => false) =>
      retainFlows(context, { ...limits, nowMs, isOver }),
  };
}

const timeText = (ms: number): string => new Date(ms).toISOString().replace('Z', '000000Z');

/** A further name of what was reached before is nothing new. */
const isNewSince = (ms: number) => sql<boolean>`NOT EXISTS (
  SELECT 1 FROM flow_reach AS before WHERE before.first_at < ${ms}
    AND before.namespace = flow_reach.namespace AND before.workload = flow_reach.workload
    AND before.cluster = flow_reach.cluster AND before.address = flow_reach.address
    AND before.port = flow_reach.port AND before.protocol = flow_reach.protocol
)`;

async function listDestinations(
  db: Db,
  { scope, namespace, workload, cluster, newSinceMs }: Parameters<FlowStore['listDestinations']>[0],
): ReturnType<FlowStore['listDestinations']> {
  if (scope !== 'all' && scope.length === 0) return { items: [], isPartial: false };
  let query = db.selectFrom('flow_reach').selectAll()
    .orderBy('namespace').orderBy('workload').orderBy('cluster').orderBy('address')
    .orderBy('port').orderBy('protocol').orderBy('name').limit(DESTINATIONS_MAX + 1);
  if (scope !== 'all') query = query.where('namespace', 'in', scope);
  if (namespace !== undefined) query = query.where('namespace', '=', namespace);
  if (workload !== undefined) query = query.where('workload', '=', workload);
  if (cluster !== undefined) query = query.where('cluster', '=', cluster);
  if (newSinceMs !== undefined) query = query.where(isNewSince(newSinceMs));
  const rows = await query.execute();
  const items = new Map<string, Destination>();
  for (const row of rows.slice(0, DESTINATIONS_MAX)) {
    const { cluster: of, namespace: where, workload: by, address, port, protocol } = row;
    const key = JSON.stringify([of, where, by, address, port, protocol]);
    const known = items.get(key);
    const names = row.name === '' ? [] : [row.name];
    items.set(key, known === undefined
      ? { cluster: of, namespace: where, workload: by, address, port, protocol, names,
        firstMs: row.first_at, lastMs: row.last_at }
      : { ...known, names: [...known.names, ...names],
        firstMs: Math.min(known.firstMs, row.first_at),
        lastMs: Math.max(known.lastMs, row.last_at) });
  }
  return { items: [...items.values()], isPartial: rows.length > DESTINATIONS_MAX };
}
