import pg from 'pg';

import { unpackFlows } from '../../collector/store/flow-packing.ts';
import { CLUSTER } from './puts.ts';
import type { StoredSum } from './flow-truth.ts';
import type { StoredAlert, StoredGap } from './truth.ts';

/** What the database holds, read behind the back of the store that is being tested. */
export type Stored = {
  readonly alerts: readonly StoredAlert[];
  readonly gaps: readonly StoredGap[];
  readonly incidents: number;
  /** Incidents whose count is not that of the alerts that name them and are no mere repeats. */
  readonly incidentsWrong: number;
  readonly flows: readonly StoredSum[];
  /** Flows that are not joined yet, though all are old. */
  readonly minuteFlows: number;
};

export async function readStored(url: string): Promise<Stored> {
  return withClient(url, async (client) => {
    const alerts = await client.query<{ id: string; revision: string; document: string }>(
      'SELECT id, revision, document FROM alerts',
    );
    const gaps = await client.query<StoredGap>(
      'SELECT node, from_time AS "from", to_time AS "to" FROM gaps WHERE cluster = $1',
      [CLUSTER],
    );
    const incidents = await client.query<{ said: number; held: string }>(
      `SELECT (document::json->>'alertCount')::int AS said,
         (SELECT count(*) FROM alerts WHERE alerts.incident_id = incidents.id
           AND alerts.handling <> 'cooled') AS held
       FROM incidents WHERE document::json->>'closedBecause' <> 'merged'`,
    );
    const { flows, minuteFlows } = await readFlows(client);
    return {
      flows,
      minuteFlows,
      alerts: alerts.rows.map(({ id, revision, document }) => ({
        id,
        revision: Number(revision),
        folded: id.startsWith('folded-') ? (JSON.parse(document) as { count: number }).count : 0,
      })),
      gaps: gaps.rows,
      incidents: incidents.rows.length,
      incidentsWrong: incidents.rows.filter(({ said, held }) => said !== Number(held)).length,
    };
  });
}

type StoredChunk = { readonly node: string; readonly minutes: string; readonly bytes: Buffer };

async function readFlows(client: pg.Client): Promise<Pick<Stored, 'flows' | 'minuteFlows'>> {
  const peers = await client.query<{ id: string; port: string }>('SELECT id, port FROM flow_peers');
  const ports = new Map(peers.rows.map(({ id, port }) => [Number(id), Number(port)]));
  const { rows } = await client.query<StoredChunk>(
    `SELECT flow_nodes.node, minutes, bytes FROM flow_chunks
     JOIN flow_nodes ON flow_nodes.id = flow_chunks.node`,
  );
  const chunks = rows.map(({ node, minutes, bytes }) =>
    ({ node, minutes: Number(minutes), flows: unpackFlows(bytes) }));
  return {
    flows: chunks.flatMap(({ node, flows }) =>
      flows.map(({ peer, count }) => ({ node, port: ports.get(peer) ?? -1, count }))),
    minuteFlows: chunks.filter(({ minutes }) => minutes === 1)
      .reduce((sum, { flows }) => sum + flows.length, 0),
  };
}

/** Alerts that no incident has seen in their newest revision. */
export async function countUncorrelated(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ count: string }>(
      'SELECT count(*) AS count FROM alerts WHERE correlated_revision < revision',
    );
    return Number(rows[0]?.count);
  });
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
