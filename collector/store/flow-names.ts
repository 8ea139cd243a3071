import { createHash } from 'node:crypto';

import type { FlowActor } from '../../proto/lanner/v1/frames.ts';
import type { AgentName } from './faces.ts';
import type { Tx } from './tables.ts';

/**
 * Numbers for what flows name again and again. What is remembered here was committed, and is known
 * to be used in the part at hand, so that retention will not take it away; anything else is written
 * (and found) in the transaction, and remembered after it.
 */
export const NAMES_REMEMBERED_MAX = 100_000;
const ROWS_PER_STATEMENT = 500;

type Known = { readonly id: number; readonly part: number };

/** Full, all is forgotten: it comes back with the next flows, one statement a chunk. */
export class RememberedNames {
  readonly #known = new Map<string, Known>();

  idIn(key: string, part: number): number | undefined {
    const known = this.#known.get(key);
    return known?.part === part ? known.id : undefined;
  }

  remember(learned: ReadonlyMap<string, Known>): void {
    if (this.#known.size + learned.size > NAMES_REMEMBERED_MAX) this.#known.clear();
    for (const [key, known] of learned) this.#known.set(key, known);
  }
}

export type PeerName = {
  readonly address: string;
  readonly port: number;
  readonly direction: string;
  readonly protocol: string;
  readonly name: string;
};

export const peerKey = ({ address, port, direction, protocol, name }: PeerName): string =>
  JSON.stringify([address, port, direction, protocol, name]);

export type ActorName = {
  readonly agent: AgentName;
  readonly actor: FlowActor;
  readonly localAddress: string;
};

/** 128 bits, which nobody can make two names share. */
export function actorKey({ agent, actor, localAddress }: ActorName): string {
  const text = JSON.stringify([agent.cluster, agent.node, localAddress, actor.podUid,
    actor.containerId, actor.process, actor.exe, actor.namespace, actor.pod, actor.workload,
    actor.containerName, actor.image.repository, actor.image.tag, actor.image.digest]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

export async function nodeIds(
  tx: Tx,
  agents: readonly AgentName[],
): Promise<ReadonlyMap<string, number>> {
  const rows = new Map(agents.map(({ cluster, node }) => [nodeKey({ cluster, node }),
    { cluster, node }]));
  const values = inOrder(rows);
  const written = await tx.insertInto('flow_nodes').values([...values])
    .onConflict((conflict) => conflict.columns(['cluster', 'node'])
      .doUpdateSet((eb) => ({ node: eb.ref('excluded.node') })))
    .returning(['id', 'cluster', 'node']).execute();
  return new Map(written.map((row) => [nodeKey(row), row.id]));
}

export const nodeKey = ({ cluster, node }: AgentName): string => JSON.stringify([cluster, node]);

export async function peerIds(
  tx: Tx,
  peers: ReadonlyMap<string, PeerName>,
  part: number,
): Promise<ReadonlyMap<string, Known>> {
  const ids = new Map<string, Known>();
  for (const some of portions(inOrder(peers))) {
    const written = await tx.insertInto('flow_peers')
      .values(some.map((peer) => ({ ...peer, last_part: part })))
      .onConflict((conflict) =>
        conflict.columns(['address', 'port', 'direction', 'protocol', 'name'])
          .doUpdateSet((eb) => ({ last_part: eb.ref('excluded.last_part') })))
      .returning(['id', 'address', 'port', 'direction', 'protocol', 'name']).execute();
    for (const row of written) ids.set(peerKey(row), { id: row.id, part });
  }
  return ids;
}

export async function actorIds(
  tx: Tx,
  actors: ReadonlyMap<string, ActorName>,
  nodes: ReadonlyMap<string, number>,
  part: number,
): Promise<ReadonlyMap<string, Known>> {
  const ids = new Map<string, Known>();
  const rows = [...actors].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, named]) => {
    const { actor, agent, localAddress } = named;
    const { namespace, pod, workload, ...rest } = actor;
    return {
      key,
      node: nodes.get(nodeKey(agent)) ?? 0,
      namespace,
      pod,
      workload,
      document: JSON.stringify({ ...rest, localAddress }),
      last_part: part,
    };
  });
  for (const some of portions(rows)) {
    const written = await tx.insertInto('flow_actors').values([...some])
      .onConflict((conflict) => conflict.column('key')
        .doUpdateSet((eb) => ({ last_part: eb.ref('excluded.last_part') })))
      .returning(['id', 'key']).execute();
    for (const { id, key } of written) ids.set(key, { id, part });
  }
  return ids;
}

/** One order of locking for all replicas. */
const inOrder = <Row>(rows: ReadonlyMap<string, Row>): readonly Row[] =>
  [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);

function* portions<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    yield rows.slice(start, start + ROWS_PER_STATEMENT);
  }
}
