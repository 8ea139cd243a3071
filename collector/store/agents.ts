import type { HeartbeatFrame } from '../../proto/lanner/v1/frames.ts';
import type { AgentRecord, AgentStore } from './faces.ts';
import { SaidAddresses } from './said-addresses.ts';
import type { StoreContext } from './store-context.ts';
import type { Db } from './tables.ts';

export function agentStore({ db, clock }: StoreContext): AgentStore {
  const addresses = new SaidAddresses();
  return {
    saveAgents: async (records) => {
      for (let start = 0; start < records.length; start += ROWS_PER_STATEMENT) {
        await saveSome(db, records.slice(start, start + ROWS_PER_STATEMENT));
      }
      await addresses.save(db, records, clock.now());
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
const ROWS_PER_STATEMENT = 200;

async function saveSome(db: Db, records: readonly AgentRecord[]): Promise<void> {
  const rows = records.map((record) => ({
    cluster: record.cluster,
    node: record.node,
    epoch: record.epoch,
    protocol: record.protocol,
    agent_version: record.agentVersion,
    falco_version: record.falcoVersion,
    capabilities: JSON.stringify(record.capabilities),
    connected_at: record.connectedAtMs,
    last_seen: record.lastSeenMs,
    heartbeat: record.heartbeat === null ? null : JSON.stringify(record.heartbeat),
  }));
  // In one order, so that two replicas never wait for each other's rows.
  const keyOf = (row: typeof rows[number]): string => JSON.stringify([row.cluster, row.node]);
  rows.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  await db.insertInto('agents').values(rows)
    .onConflict((conflict) =>
      conflict.columns(['cluster', 'node'])
        .doUpdateSet((eb) => ({
          epoch: eb.ref('excluded.epoch'),
          protocol: eb.ref('excluded.protocol'),
          agent_version: eb.ref('excluded.agent_version'),
          falco_version: eb.ref('excluded.falco_version'),
          capabilities: eb.ref('excluded.capabilities'),
          connected_at: eb.ref('excluded.connected_at'),
          last_seen: eb.ref('excluded.last_seen'),
          heartbeat: eb.fn.coalesce('excluded.heartbeat', 'agents.heartbeat'),
        }))
        .whereRef('agents.last_seen', '<=', 'excluded.last_seen'))
    .execute();
}
