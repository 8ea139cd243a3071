import { sql } from 'kysely';

import { flowOutcomes } from '../../proto/lanner/v1/frames.ts';
import type { Flow, FlowActor, FlowChunk } from '../../proto/lanner/v1/frames.ts';
import type { AgentName, Batch } from './faces.ts';
import {
  RememberedNames,
  actorIds,
  actorKey,
  nodeIds,
  nodeKey,
  peerIds,
  peerKey,
} from './flow-names.ts';
import type { ActorName, PeerName } from './flow-names.ts';
import { newestPart, partTable, preparePart } from './flow-parts.ts';
import { ReachNotes } from './flow-reach.ts';
import type { Reach } from './flow-reach.ts';
import { addSpan } from './flow-spans.ts';
import type { StoreContext } from './store-context.ts';
import type { Tx } from './tables.ts';

/**
 * Writes flows with the batch they came in, in its transaction: exactly once, like alerts. Nothing
 * here is looked up per flow but two maps; a chunk is one insert, its rows one JSON parameter, so
 * that the statement stays the same and its text small.
 */
export const MINUTE_MS = 60_000;
const COUNT_MAX = 2_147_483_647;
const FOLDED = flowOutcomes.length;

type Sent = { readonly agent: AgentName; readonly chunk: FlowChunk };
type Named = {
  readonly sent: Sent;
  readonly flow: Flow;
  readonly actor: string;
  readonly peer: string;
};

export class FlowWriter {
  readonly #actors = new RememberedNames();
  readonly #peers = new RememberedNames();
  readonly #reach = new ReachNotes();
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async prepare(batches: readonly Batch[], nowMs: number): Promise<void> {
    if (batches.some(({ flows }) => flows !== undefined)) await preparePart(this.#context, nowMs);
  }

  /** What it gives back is to be called after the commit. */
  async write(tx: Tx, batches: readonly Batch[]): Promise<() => void> {
    const sent = batches.flatMap(({ cluster, node, flows }): readonly Sent[] =>
      flows === undefined ? [] : [{ agent: { cluster, node }, chunk: flows }]);
    if (sent.length === 0) return () => undefined;
    const nodes = await nodeIds(tx, sent.map(({ agent }) => agent));
    const named = sent.flatMap(flowsOf);
    const learn = await this.#writeFlows(tx, named, nodes);
    for (const { agent, chunk: { watched } } of sent) {
      const node = nodes.get(nodeKey(agent));
      if (watched !== null && node !== undefined) await addSpan(tx, { node, ...watched });
    }
    return learn;
  }

  async #writeFlows(
    tx: Tx,
    named: readonly Named[],
    nodes: ReadonlyMap<string, number>,
  ): Promise<() => void> {
    if (named.length === 0) return () => undefined;
    const part = (await newestPart(tx))?.number;
    if (part === undefined) throw new Error('flows have no part to be written to');
    const newActors = new Map<string, ActorName>();
    const newPeers = new Map<string, PeerName>();
    for (const { actor, peer, flow, sent } of named) {
      if (this.#actors.idIn(actor, part) === undefined && !newActors.has(actor)) {
        newActors.set(actor, { ...sent, actor: actorOf(sent, flow),
          localAddress: flow.localAddress });
      }
      if (this.#peers.idIn(peer, part) === undefined) newPeers.set(peer, peerOf(flow));
    }
    const actors = await actorIds(tx, newActors, nodes, part);
    const peers = await peerIds(tx, newPeers, part);
    const rows = named.map((one) => rowOf(one, {
      node: nodes.get(nodeKey(one.sent.agent)) ?? 0,
      actor: this.#actors.idIn(one.actor, part) ?? actors.get(one.actor)?.id ?? 0,
      peer: this.#peers.idIn(one.peer, part) ?? peers.get(one.peer)?.id ?? 0,
    }));
    await insertRows(this.#context, tx, part, rows);
    const noted = await this.#reach.write(tx, named.flatMap(reachOf));
    return () => {
      this.#actors.remember(actors);
      this.#peers.remember(peers);
      noted();
    };
  }
}

const actorOf = ({ chunk }: Sent, flow: Flow): FlowActor => chunk.actors[flow.actor] as FlowActor;

const peerOf = ({ remoteAddress, port, direction, protocol, name }: Flow): PeerName =>
  ({ address: remoteAddress, port, direction, protocol, name });

function flowsOf(sent: Sent): readonly Named[] {
  const keys = new Map<string, string>();
  return sent.chunk.flows.map((flow) => {
    const place = `${flow.actor} ${flow.localAddress}`;
    let actor = keys.get(place);
    if (actor === undefined) {
      actor = actorKey({ agent: sent.agent, actor: actorOf(sent, flow),
        localAddress: flow.localAddress });
      keys.set(place, actor);
    }
    return { sent, flow, actor, peer: peerKey(peerOf(flow)) };
  });
}

function reachOf({ sent: { agent, chunk }, flow }: Named): readonly Reach[] {
  const { namespace, workload } = chunk.actors[flow.actor] as FlowActor;
  const { direction, outcome, remoteAddress: address, port, protocol, name } = flow;
  const isReached = direction === 'out' && (outcome === 'ok' || outcome === 'in-progress');
  if (!isReached || address === '' || port < 0 || namespace === '') return [];
  return [{ cluster: agent.cluster, namespace, workload, address, port, protocol, name,
    firstMs: flow.first, lastMs: flow.last }];
}

type Ids = { readonly node: number; readonly actor: number; readonly peer: number };

function rowOf({ sent: { chunk }, flow }: Named, { node, actor, peer }: Ids) {
  const minute = Math.floor(chunk.minute / MINUTE_MS);
  const offset = (at: number): number =>
    Math.min(Math.max(at - minute * MINUTE_MS, -COUNT_MAX), COUNT_MAX);
  const outcome = flowOutcomes.indexOf(flow.outcome) + (flow.folded ? FOLDED : 0);
  return [node, peer, actor, minute, offset(flow.first), offset(flow.last),
    Math.min(flow.count, COUNT_MAX), outcome, Math.min(flow.portsBeyond, COUNT_MAX),
    flow.sourcePorts.map((port) => port.toString(36)).join(' ')] as const;
}

type Row = ReturnType<typeof rowOf>;

const COLUMNS = ['node', 'peer', 'actor', 'minute', 'first', 'last', 'count', 'outcome', 'beyond'];

async function insertRows(
  { dialect }: StoreContext,
  tx: Tx,
  part: number,
  rows: readonly Row[],
): Promise<void> {
  const isPostgres = dialect.name === 'postgres';
  const numbers = COLUMNS.map((_, index) => sql.raw(isPostgres
    ? `(one.value ->> ${index})::int`
    : `one.value ->> ${index}`));
  const from = isPostgres ? sql.raw('jsonb_array_elements') : sql.raw('json_each');
  const json = JSON.stringify(rows);
  await sql`
    INSERT INTO ${partTable(part)} (${sql.join(COLUMNS.map((name) => sql.ref(name)))}, ports)
    SELECT ${sql.join(numbers)}, one.value ->> ${sql.lit(COLUMNS.length)}
    FROM ${from}(${isPostgres ? sql`${json}::jsonb` : sql`${json}`}) AS one`.execute(tx);
  let first = Infinity;
  let last = 0;
  for (const [, , , minute] of rows) {
    first = Math.min(first, minute);
    last = Math.max(last, minute);
  }
  await sql`
    UPDATE flow_parts SET flows = flows + ${sql.lit(rows.length)},
      first_minute = CASE WHEN flows = 0 OR first_minute > ${sql.lit(first)}
        THEN ${sql.lit(first)} ELSE first_minute END,
      last_minute = CASE WHEN last_minute < ${sql.lit(last)} THEN ${sql.lit(last)} ELSE last_minute END
    WHERE number = ${sql.lit(part)}`.execute(tx);
}
