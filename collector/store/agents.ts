import type { HeartbeatFrame } from '../../proto/lanner/v1/frames.ts';
import type { AgentStore } from './faces.ts';
import type { StoreContext } from './store-context.ts';

export function agentStore({ db }: StoreContext): AgentStore {
  return {
    saveHello: async (hello, nowMs) => {
      const row = {
        epoch: hello.epoch,
        protocol: hello.protocol,
        agent_version: hello.agentVersion,
        falco_version: hello.falcoVersion,
        capabilities: JSON.stringify(hello.capabilities),
        connected_at: nowMs,
        last_seen: nowMs,
      };
      await db.insertInto('agents')
        .values({ cluster: hello.cluster, node: hello.node, heartbeat: null, ...row })
        .onConflict((conflict) => conflict.columns(['cluster', 'node']).doUpdateSet(row))
        .execute();
    },
    saveHeartbeat: async (agent, heartbeat, nowMs) => {
      await db.updateTable('agents')
        .set({ heartbeat: JSON.stringify(heartbeat), last_seen: nowMs })
        .where('cluster', '=', agent.cluster)
        .where('node', '=', agent.node)
        .execute();
    },
    listAgents: async () => {
      const rows = await db.selectFrom('agents').selectAll()
        .orderBy('cluster').orderBy('node').limit(AGENTS_LISTED_MAX).execute();
      return rows.map((row) => ({
        cluster: row.cluster,
        node: row.node,
        epoch: row.epoch,
        protocol: row.protocol,
        agentVersion: row.agent_version,
        falcoVersion: row.falco_version,
        capabilities: JSON.parse(row.capabilities) as readonly string[],
        connectedAtMs: row.connected_at,
        lastSeenMs: row.last_seen,
        heartbeat: row.heartbeat === null ? null : JSON.parse(row.heartbeat) as HeartbeatFrame,
      }));
    },
    listGaps: async (page) => {
      let query = db.selectFrom('gaps').selectAll().orderBy('number', 'desc').limit(page.limit);
      if (page.before !== undefined) query = query.where('number', '<', page.before);
      if (page.node !== undefined) query = query.where('node', '=', page.node);
      const rows = await query.execute();
      return rows.map((row) => ({
        number: row.number,
        cluster: row.cluster,
        node: row.node,
        from: row.from_time,
        to: row.to_time,
        cause: row.cause,
        eventsEstimate: row.events_estimate,
        receivedAtMs: row.received_at,
      }));
    },
  };
}

const AGENTS_LISTED_MAX = 10_000;
