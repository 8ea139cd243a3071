import type { HeartbeatFrame } from '../../proto/lanner/v1/frames.ts';
import { recordChanges } from './changes.ts';
import type { Announcer } from './changes.ts';
import type { AgentStore } from './faces.ts';
import type { Db } from './tables.ts';

export function agentStore(db: Db, announcer: Announcer): AgentStore {
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
    saveGap: async (agent, gap, nowMs) => {
      const row = {
        cluster: agent.cluster,
        node: agent.node,
        from_time: gap.from,
        to_time: gap.to,
        cause: gap.cause,
        events_estimate: gap.eventsEstimate,
        received_at: nowMs,
      };
      const isNew = await db.transaction().execute(async (tx) => {
        const result = await tx.insertInto('gaps').values(row)
          .onConflict((conflict) => conflict.doNothing()).executeTakeFirst();
        if ((result.numInsertedOrUpdatedRows ?? 0n) === 0n) return false;
        const { node, cluster, cause } = row;
        const document = {
          cluster,
          node,
          from: gap.from,
          to: gap.to,
          cause,
          eventsEstimate: gap.eventsEstimate,
        };
        await recordChanges(tx, 'gap', [JSON.stringify(document)]);
        return true;
      });
      if (isNew) announcer.announce();
      return isNew;
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
