import { createHash } from 'node:crypto';

import type { FlowActor } from '../../proto/lanner/v1/frames.ts';
import type { AgentName } from './faces.ts';
import type { Tx } from './tables.ts';

/**
 * Numbers for what flows name again and again. What is remembered here was committed on the day at
 * hand, so that retention will not take it away; anything else is written (and found) in the
 * transaction, and remembered after it. `last_day` is that of arrival: a chunk lies in the day in
 * which it arrived, or before, and no name is forgotten while a chunk of its day or before is kept.
 */
export const NAMES_REMEMBERED_MAX = 100_000;
const ROWS_PER_STATEMENT = 500;

type Known = { readonly id: number; readonly day: number };

/** Two generations of half the bound: when the younger is full, what it did not ask for goes. */
export class RememberedNames {
  #young = new Map<string, Known>();
  #old = new Map<string, Known>();

  idOn(day: number, key: string): number | undefined {
    const young = this.#young.get(key);
    const known = young ?? this.#old.get(key);
    if (known?.day !== day) return undefined;
    if (young === undefined) this.#add(key, known);
    return known.id;
  }

  remember(learned: ReadonlyMap<string, Known>): void {
    for (const [key, known] of learned) this.#add(key, known);
  }

  #add(key: string, known: Known): void {
    if (this.#young.size >= NAMES_REMEMBERED_MAX / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, known);
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
  day: number,
): Promise<ReadonlyMap<string, Known>> {
  const ids = new Map<string, Known>();
  for (const some of portions(inOrder(peers))) {
    const written = await tx.insertInto('flow_peers')
      .values(some.map((peer) => ({ ...peer, last_day: day })))
      .onConflict((conflict) =>
        conflict.columns(['address', 'port', 'direction', 'protocol', 'name'])
          .doUpdateSet((eb) => ({ last_day: eb.ref('excluded.last_day') })))
      .returning(['id', 'address', 'port', 'direction', 'protocol', 'name']).execute();
    for (const row of written) ids.set(peerKey(row), { id: row.id, day });
  }
  return ids;
}

export async function actorIds(
  tx: Tx,
  actors: ReadonlyMap<string, ActorName>,
  nodes: ReadonlyMap<string, number>,
  day: number,
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
      last_day: day,
    };
  });
  for (const some of portions(rows)) {
    const written = await tx.insertInto('flow_actors').values([...some])
      .onConflict((conflict) => conflict.column('key')
        .doUpdateSet((eb) => ({ last_day: eb.ref('excluded.last_day') })))
      .returning(['id', 'key']).execute();
    for (const { id, key } of written) ids.set(key, { id, day });
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
