import type { lanner } from '../../gen/lanner.js';
import {
  ADDRESS_BYTES_MAX,
  FLOWS_PER_CHUNK_MAX,
  FLOW_TEXT_BYTES_MAX,
  SOURCE_PORTS_MAX,
} from './bounds.ts';
import { boundedList, boundedText, decodeImage, nameOf, oneOf } from './decode-alert.ts';
import type { Maybe } from './decode-alert.ts';
import { FrameError } from './frame-error.ts';
import { flowDirections, flowOutcomes } from './frames.ts';
import type { Flow, FlowActor, FlowChunk } from './frames.ts';
import { decodedInteger, decodedUnsigned } from './number.ts';

const PORT_MAX = 65_535;
/** The year 2100: a time beyond it is no time, and its minute would be a part of its own. */
const TIME_MAX = 4_102_444_800_000;

const shortOf = (text: Maybe<string>, field: string): string =>
  boundedText(text, FLOW_TEXT_BYTES_MAX, field);
export const addressOf = (text: Maybe<string>, field: string): string =>
  boundedText(text, ADDRESS_BYTES_MAX, field);

export const timeOf = (value: Parameters<typeof decodedUnsigned>[0], field: string): number => {
  const time = decodedUnsigned(value, field);
  if (time > TIME_MAX) throw new FrameError('bad-number', field);
  return time;
};

const portOf = (value: Maybe<number>, field: string): number => {
  const port = decodedInteger(value, field);
  if (port < -1 || port > PORT_MAX) throw new FrameError('bad-number', field);
  return port;
};

const decodeActor = (message: lanner.v1.FlowActor.$Properties): FlowActor => ({
  namespace: nameOf(message.namespace, 'flow.namespace'),
  pod: nameOf(message.pod, 'flow.pod'),
  podUid: nameOf(message.podUid, 'flow.podUid'),
  workload: nameOf(message.workload, 'flow.workload'),
  containerId: nameOf(message.containerId, 'flow.containerId'),
  containerName: nameOf(message.containerName, 'flow.containerName'),
  image: decodeImage(message.image, 'flow.image'),
  process: shortOf(message.process, 'flow.process'),
  exe: shortOf(message.exe, 'flow.exe'),
});

const decodeFlow = (message: lanner.v1.Flow.$Properties, actors: number): Flow => {
  const actor = decodedUnsigned(message.actor, 'flow.actor');
  if (actor >= actors) throw new FrameError('bad-number', 'flow.actor');
  const first = timeOf(message.first, 'flow.first');
  const last = timeOf(message.last, 'flow.last');
  if (last < first) throw new FrameError('bad-number', 'flow.last');
  return {
    actor,
    direction: oneOf(flowDirections, message.direction, 'flow.direction'),
    protocol: addressOf(message.protocol, 'flow.protocol'),
    remoteAddress: addressOf(message.remoteAddress, 'flow.remoteAddress'),
    port: portOf(message.port, 'flow.port'),
    localAddress: addressOf(message.localAddress, 'flow.localAddress'),
    outcome: oneOf(flowOutcomes, message.outcome, 'flow.outcome'),
    name: shortOf(message.name, 'flow.name'),
    first,
    last,
    count: decodedUnsigned(message.count, 'flow.count'),
    sourcePorts: boundedList(message.sourcePorts, SOURCE_PORTS_MAX, 'flow.sourcePorts')
      .map((port) => portOf(port, 'flow.sourcePorts')),
    portsBeyond: decodedUnsigned(message.portsBeyond, 'flow.portsBeyond'),
    folded: message.folded ?? false,
  };
};

export const decodeFlows = (message: lanner.v1.FlowChunk.$Properties): FlowChunk => {
  const actors = boundedList(message.actors, FLOWS_PER_CHUNK_MAX, 'flows.actors').map(decodeActor);
  const from = timeOf(message.watchedFrom, 'flows.watchedFrom');
  const to = timeOf(message.watchedTo, 'flows.watchedTo');
  if (to < from) throw new FrameError('bad-number', 'flows.watchedTo');
  return {
    minute: timeOf(message.minute, 'flows.minute'),
    actors,
    flows: boundedList(message.flows, FLOWS_PER_CHUNK_MAX, 'flows.flows')
      .map((flow) => decodeFlow(flow, actors.length)),
    watched: to === 0 ? null : { from, to },
  };
};
