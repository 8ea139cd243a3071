import assert from 'node:assert/strict';

import { SOURCE_PORTS_MAX } from '../../proto/lanner/v1/bounds.ts';
import { flowOutcomes } from '../../proto/lanner/v1/frames.ts';
import type { Flow, FlowActor, FlowChunk } from '../../proto/lanner/v1/frames.ts';
import type { AgentName, Batch } from './faces.ts';
import { DAY_MINUTES, HOUR_MINUTES, MINUTE_MS, insertChunks, tally } from './flow-chunks.ts';
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
import type { PackedFlow } from './flow-packing.ts';
import { ReachNotes } from './flow-reach.ts';
import type { Reach } from './flow-reach.ts';
import { addSpan } from './flow-spans.ts';
import type { Tx } from './tables.ts';

/**
 * Writes flows with the batch they came in, in its transaction: exactly once, like alerts. A chunk
 * becomes one row; nothing is looked up per flow but two maps.
 */
const COUNT_MAX = 2_147_483_647;

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

  /** What it gives back is to be called after the commit. */
  async write(tx: Tx, batches: readonly Batch[], nowMs: number): Promise<() => void> {
    const sent = batches.flatMap(({ cluster, node, flows }): readonly Sent[] =>
      flows === undefined ? [] : [{ agent: { cluster, node }, chunk: flows }]);
    if (sent.length === 0) return () => undefined;
    const nodes = await nodeIds(tx, sent.map(({ agent }) => agent));
    const nowMinute = Math.floor(nowMs / MINUTE_MS);
    const learn = await this.#writeFlows(tx, sent, { nodes, nowMinute });
    for (const { agent, chunk: { watched } } of sent) {
      const node = nodes.get(nodeKey(agent));
      if (watched !== null && node !== undefined) await addSpan(tx, { node, ...watched });
    }
    return learn;
  }

  async #writeFlows(
    tx: Tx,
    sent: readonly Sent[],
    { nodes, nowMinute }: { nodes: ReadonlyMap<string, number>; nowMinute: number },
  ): Promise<() => void> {
    const chunks = sent.map((one) => ({ sent: one, named: flowsOf(one) }))
      .filter(({ named }) => named.length > 0);
    if (chunks.length === 0) return () => undefined;
    const all = chunks.flatMap(({ named }) => named);
    const day = Math.floor(nowMinute / DAY_MINUTES);
    const newActors = new Map<string, ActorName>();
    const newPeers = new Map<string, PeerName>();
    const actorPlaces = new Map<string, number>();
    const peerPlaces = new Map<string, number>();
    for (const { actor, peer, flow, sent: of } of all) {
      if (!isPlaced(this.#actors, day, actor, actorPlaces) && !newActors.has(actor)) {
        newActors.set(actor, { ...of, actor: actorOf(of, flow), localAddress: flow.localAddress });
      }
      if (!isPlaced(this.#peers, day, peer, peerPlaces)) newPeers.set(peer, peerOf(flow));
    }
    const actors = await actorIds(tx, newActors, nodes, day);
    const peers = await peerIds(tx, newPeers, day);
    for (const [key, { id }] of actors) actorPlaces.set(key, id);
    for (const [key, { id }] of peers) peerPlaces.set(key, id);
    const rows = chunks.map(({ sent: { agent, chunk }, named }) => {
      // A clock that is far ahead must not make rows that never get old.
      const slot = Math.min(Math.floor(chunk.minute / MINUTE_MS), nowMinute + HOUR_MINUTES);
      const flows = named.map((one) => packedOf(one, slot,
        { actor: idOf(actorPlaces, one.actor), peer: idOf(peerPlaces, one.peer) }));
      return { node: idOf(nodes, nodeKey(agent)), slot, minutes: 1 as const, flows };
    });
    await insertChunks(tx, rows);
    await tally(tx, rows.map(({ flows, ...row }) => ({ ...row, flows: flows.length })), 1);
    const noted = await this.#reach.write(tx, all.flatMap(reachOf));
    return () => {
      this.#actors.remember(actors);
      this.#peers.remember(peers);
      noted();
    };
  }
}

function idOf(ids: ReadonlyMap<string, number>, key: string): number {
  const id = ids.get(key);
  assert(id !== undefined, 'a name of a flow was not numbered');
  return id;
}

function isPlaced(
  remembered: RememberedNames,
  day: number,
  key: string,
  places: Map<string, number>,
): boolean {
  if (places.has(key)) return true;
  const id = remembered.idOn(day, key);
  if (id !== undefined) places.set(key, id);
  return id !== undefined;
}

const actorOf = ({ chunk }: Sent, flow: Flow): FlowActor => chunk.actors[flow.actor] as FlowActor;

/** PostgreSQL's text has no U+0000, and what comes back must be what was asked for. */
const storable = (text: string): string => text.replaceAll('\u0000', '\ufffd');

const peerOf = ({ remoteAddress, port, direction, protocol, name }: Flow): PeerName => ({
  address: storable(remoteAddress),
  port,
  direction,
  protocol: storable(protocol),
  name: storable(name),
});

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

type Ids = { readonly actor: number; readonly peer: number };

function packedOf({ flow }: Named, slot: number, ids: Ids): PackedFlow {
  const startMs = slot * MINUTE_MS;
  const offset = (at: number): number => Math.min(Math.max(at - startMs, -COUNT_MAX), COUNT_MAX);
  return {
    ...ids,
    outcome: flowOutcomes.indexOf(flow.outcome),
    folded: flow.folded,
    first: offset(flow.first),
    last: offset(flow.last),
    count: Math.min(flow.count, COUNT_MAX),
    sourcePorts: flow.sourcePorts.filter((port) => port >= 0).slice(0, SOURCE_PORTS_MAX),
    portsBeyond: Math.min(flow.portsBeyond, COUNT_MAX),
  };
}
