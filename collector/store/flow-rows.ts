import { sql } from 'kysely';

import type { FlowActor, FlowDirection } from '../../proto/lanner/v1/frames.ts';
import { flowOutcomes } from '../../proto/lanner/v1/frames.ts';
import type { FlowRow } from '../flows/flow-store.ts';
import { placeOf } from './flow-parts.ts';
import { MINUTE_MS } from './flow-writer.ts';

/** A flow with the names that its numbers stand for; the tables are `f`, `a`, `p` and `n`. */
export const flowColumns = sql`
  f.number, f.minute, f.first, f.last, f.count, f.outcome, f.beyond, f.ports,
  p.address, p.port, p.direction, p.protocol, p.name,
  a.namespace, a.pod, a.workload, a.document, n.cluster, n.node AS node_name`;

export const flowJoins = sql`
  JOIN flow_peers AS p ON p.id = f.peer
  JOIN flow_actors AS a ON a.id = f.actor
  JOIN flow_nodes AS n ON n.id = f.node`;

export type StoredFlow = {
  readonly number: number;
  readonly minute: number;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly outcome: number;
  readonly beyond: number;
  readonly ports: string;
  readonly address: string;
  readonly port: number;
  readonly direction: string;
  readonly protocol: string;
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
  readonly workload: string;
  readonly document: string;
  readonly cluster: string;
  readonly node_name: string;
};

type ActorDocument = Omit<FlowActor, 'namespace' | 'pod' | 'workload'> & {
  readonly localAddress: string;
};

export function flowOf(part: number, row: StoredFlow): FlowRow {
  const { namespace, pod, workload, cluster, node_name: node } = row;
  const rest = JSON.parse(row.document) as ActorDocument;
  const startMs = row.minute * MINUTE_MS;
  return {
    number: placeOf(part, row.number),
    who: { cluster, node, namespace, pod, workload, ...rest },
    direction: row.direction as FlowDirection,
    protocol: row.protocol,
    address: row.address,
    port: row.port,
    name: row.name,
    outcome: flowOutcomes[row.outcome % flowOutcomes.length] ?? 'ok',
    folded: row.outcome >= flowOutcomes.length,
    firstMs: startMs + row.first,
    lastMs: startMs + row.last,
    count: row.count,
    sourcePorts: row.ports === ''
      ? []
      : row.ports.split(' ').map((text) => Number.parseInt(text, 36)),
    portsBeyond: row.beyond,
  };
}
