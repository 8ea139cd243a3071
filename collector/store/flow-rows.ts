import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';

import type { FlowActor, FlowDirection } from '../../proto/lanner/v1/frames.ts';
import { flowOutcomes } from '../../proto/lanner/v1/frames.ts';
import type { FlowRow, FlowWho, NodeName } from '../flows/flow-store.ts';
import { MINUTE_MS, placeOf } from './flow-chunks.ts';
import type { StoredChunk } from './flow-chunks.ts';
import type { PlacedFlow } from './flow-packing.ts';
import type { StoreContext } from './store-context.ts';

/**
 * Flows with the names that their numbers stand for. A number keeps its name for ever, so that what
 * was read once is kept; full, all is forgotten and read again.
 */
const NAMES_READ_MAX = 50_000;

export type Peer = {
  readonly address: string;
  readonly port: number;
  readonly direction: FlowDirection;
  readonly protocol: string;
  readonly name: string;
};

type ActorDocument = Omit<FlowActor, 'namespace' | 'pod' | 'workload'> & {
  readonly localAddress: string;
};

export type Actor = Omit<FlowWho, keyof NodeName>;

type Reading = Pick<StoreContext, 'db' | 'dialect'>;

export class FlowReader {
  readonly #context: Reading;
  readonly #peers = new Map<number, Peer>();
  readonly #actors = new Map<number, Actor>();
  readonly #nodes = new Map<number, NodeName>();

  constructor(context: Reading) {
    this.#context = context;
  }

  /** Those whose names were deleted meanwhile are not among them: the flows are, too. */
  async rowsOf(
    flows: readonly { readonly chunk: StoredChunk; readonly flow: PlacedFlow }[],
  ): Promise<readonly FlowRow[]> {
    const [nodes, peers, actors] = await Promise.all([
      this.nodes(flows.map(({ chunk }) => chunk.node)),
      this.peers(flows.map(({ flow }) => flow.peer)),
      this.actors(flows.map(({ flow }) => flow.actor)),
    ]);
    return flows.flatMap(({ chunk, flow }) => {
      const node = nodes.get(chunk.node);
      const peer = peers.get(flow.peer);
      const actor = actors.get(flow.actor);
      if (node === undefined || peer === undefined || actor === undefined) return [];
      return [rowOf(chunk, flow, { node, peer, actor })];
    });
  }

  nodes(ids: readonly number[]): Promise<ReadonlyMap<number, NodeName>> {
    return read(this.#nodes, ids, async (missing) => {
      const rows = await this.#context.db.selectFrom('flow_nodes').selectAll()
        .where(among(this.#context, missing)).execute();
      return rows.map(({ id, cluster, node }) => [id, { cluster, node }] as const);
    });
  }

  peers(ids: readonly number[]): Promise<ReadonlyMap<number, Peer>> {
    return read(this.#peers, ids, async (missing) => {
      const rows = await this.#context.db.selectFrom('flow_peers')
        .select(['id', 'address', 'port', 'direction', 'protocol', 'name'])
        .where(among(this.#context, missing)).execute();
      return rows.map(({ id, direction, ...peer }) =>
        [id, { ...peer, direction: direction as FlowDirection }] as const);
    });
  }

  actors(ids: readonly number[]): Promise<ReadonlyMap<number, Actor>> {
    return read(this.#actors, ids, async (missing) => {
      const rows = await this.#context.db.selectFrom('flow_actors').selectAll()
        .where(among(this.#context, missing)).execute();
      return rows.map(({ id, namespace, pod, workload, document }) => [id,
        { namespace, pod, workload, ...JSON.parse(document) as ActorDocument }] as const);
    });
  }
}

/** One parameter, whatever their number: the statement stays the same. */
function among({ dialect }: Reading, ids: readonly number[]): RawBuilder<boolean> {
  return dialect.name === 'postgres'
    ? sql<boolean>`id = ANY(${ids}::bigint[])`
    : sql<boolean>`id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
}

async function read<Name>(
  known: Map<number, Name>,
  ids: readonly number[],
  ask: (missing: readonly number[]) => Promise<readonly (readonly [number, Name])[]>,
): Promise<ReadonlyMap<number, Name>> {
  const wanted = new Set(ids);
  const found = new Map<number, Name>();
  const missing: number[] = [];
  for (const id of wanted) {
    const name = known.get(id);
    if (name === undefined) missing.push(id);
    else found.set(id, name);
  }
  if (missing.length === 0) return found;
  const asked = await ask(missing);
  if (known.size + asked.length > NAMES_READ_MAX) known.clear();
  for (const [id, name] of asked) {
    found.set(id, name);
    known.set(id, name);
  }
  return found;
}

type Names = { readonly node: NodeName; readonly peer: Peer; readonly actor: Actor };

function rowOf(chunk: StoredChunk, flow: PlacedFlow, { node, peer, actor }: Names): FlowRow {
  const startMs = chunk.slot * MINUTE_MS;
  return {
    number: placeOf(chunk.number, flow.place),
    who: { ...actor, ...node },
    ...peer,
    outcome: flowOutcomes[flow.outcome] ?? 'ok',
    folded: flow.folded,
    precision: chunk.minutes === 1 ? 'minute' : 'hour',
    firstMs: startMs + flow.first,
    lastMs: startMs + flow.last,
    count: flow.count,
    sourcePorts: flow.sourcePorts,
    portsBeyond: flow.portsBeyond,
  };
}
