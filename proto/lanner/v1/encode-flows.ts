import { cutText } from '../../text.ts';
import type { lanner } from '../../gen/lanner.js';
import {
  ADDRESS_BYTES_MAX,
  FLOWS_PER_CHUNK_MAX,
  FLOW_TEXT_BYTES_MAX,
  SOURCE_PORTS_MAX,
} from './bounds.ts';
import { encodeImage, nameText } from './encode-alert.ts';
import { FrameError } from './frame-error.ts';
import type { Flow, FlowActor, FlowChunk } from './frames.ts';
import { encodedCount, encodedInteger } from './number.ts';

const shortText = (text: string): string => cutText(text, FLOW_TEXT_BYTES_MAX);
export const addressText = (text: string): string => cutText(text, ADDRESS_BYTES_MAX);

const encodeActor = (actor: FlowActor): lanner.v1.FlowActor.$Properties => ({
  namespace: nameText(actor.namespace),
  pod: nameText(actor.pod),
  podUid: nameText(actor.podUid),
  workload: nameText(actor.workload),
  containerId: nameText(actor.containerId),
  containerName: nameText(actor.containerName),
  image: encodeImage(actor.image),
  process: shortText(actor.process),
  exe: shortText(actor.exe),
});

const encodeFlow = (flow: Flow): lanner.v1.Flow.$Properties => ({
  actor: encodedCount(flow.actor, 'flow.actor'),
  direction: flow.direction,
  protocol: addressText(flow.protocol),
  remoteAddress: addressText(flow.remoteAddress),
  port: encodedInteger(flow.port, 'flow.port'),
  localAddress: addressText(flow.localAddress),
  outcome: flow.outcome,
  name: shortText(flow.name),
  first: encodedInteger(flow.first, 'flow.first'),
  last: encodedInteger(flow.last, 'flow.last'),
  count: encodedCount(flow.count, 'flow.count'),
  sourcePorts: flow.sourcePorts.slice(0, SOURCE_PORTS_MAX)
    .map((port) => encodedCount(port, 'flow.sourcePorts')),
  portsBeyond: encodedCount(flow.portsBeyond, 'flow.portsBeyond'),
  folded: flow.folded,
});

export const encodeFlows = (chunk: FlowChunk): lanner.v1.FlowChunk.$Properties => {
  const { actors, flows, watched } = chunk;
  if (actors.length > FLOWS_PER_CHUNK_MAX) throw new FrameError('too-large', 'flows.actors');
  if (flows.length > FLOWS_PER_CHUNK_MAX) throw new FrameError('too-large', 'flows.flows');
  return {
    minute: encodedInteger(chunk.minute, 'flows.minute'),
    actors: actors.map(encodeActor),
    flows: flows.map(encodeFlow),
    watchedFrom: encodedInteger(watched?.from ?? 0, 'flows.watchedFrom'),
    watchedTo: encodedInteger(watched?.to ?? 0, 'flows.watchedTo'),
  };
};
