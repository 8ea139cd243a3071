import Type from 'typebox';

import { gapCauses, flowDirections, flowOutcomes } from '../../../proto/lanner/v1/frames.ts';
import { flowPrecisions } from '../../flows/flow-store.ts';
import { likelihoods, whoDoubts, whoVerdicts } from '../../flows/who.ts';
import { closed, count, fixed, listOf, name, oneOf, page, text, texts, time } from './words.ts';

/** The flow ledger: who connected where, and who was behind a connection. */
const address = Type.String({ minLength: 2, maxLength: 64, pattern: '^[0-9A-Fa-f:.%a-z]+$' });
const port = Type.Integer({ minimum: 0, maximum: 65_535 });
const protocol = Type.String({ pattern: '^[a-z0-9]{1,16}$' });
export const WINDOW_SECONDS_MAX = 3_600;

export const whoQuery = Type.Object({
  cluster: Type.Optional(name),
  nodeIp: address,
  dst: address,
  dstPort: port,
  protocol: Type.Optional(protocol),
  /** As the firewall saw it; masquerading may have changed it. */
  srcPort: Type.Optional(port),
  at: time,
  /** To both sides of `at`. */
  windowSeconds: Type.Integer({ minimum: 1, maximum: WINDOW_SECONDS_MAX, default: 120 }),
}, closed);
export type WhoQuery = Type.Static<typeof whoQuery>;

const actor = {
  cluster: text,
  node: text,
  /** Empty for the node's own processes. */
  namespace: text,
  pod: text,
  podUid: text,
  workload: text,
  containerId: text,
  containerName: text,
  image: Type.Object({ repository: text, tag: text, digest: text }, closed),
  process: text,
  exe: text,
  localAddress: text,
};

const ports = Type.Array(Type.Integer({ minimum: -1, maximum: 65_535 }));

export const candidate = Type.Object({
  ...actor,
  likelihood: oneOf(likelihoods),
  /** Hour: between first and last it is not known when. */
  precision: oneOf(flowPrecisions),
  protocol: text,
  name: text,
  outcomes: Type.Array(oneOf(flowOutcomes)),
  firstTime: time,
  lastTime: time,
  count,
  sourcePorts: ports,
  /** Connections whose source port is not among those. */
  portsBeyond: count,
  distanceSeconds: Type.Number(),
  /** Ids of the flows that say so. */
  flows: texts,
}, closed);

const agent = { cluster: text, node: text };

export const whoAnswer = fixed(Type.Object({
  verdict: oneOf(whoVerdicts),
  doubts: Type.Array(oneOf(whoDoubts)),
  from: time,
  to: time,
  nodes: Type.Array(Type.Object(agent, closed)),
  candidates: Type.Array(candidate),
  gaps: Type.Array(Type.Object({ ...agent, from: text, to: text, cause: oneOf(gapCauses),
    eventsEstimate: Type.Integer() }, closed)),
  watched: Type.Array(Type.Object({ ...agent, from: time, to: time }, closed)),
}, closed));
export type WhoAnswerView = Type.Static<typeof whoAnswer>;

export const flowsQuery = Type.Object({
  ...page,
  cluster: Type.Optional(name),
  node: Type.Optional(name),
  namespace: Type.Optional(name),
  workload: Type.Optional(name),
  pod: Type.Optional(name),
  direction: Type.Optional(oneOf(flowDirections)),
  dst: Type.Optional(address),
  dstPort: Type.Optional(port),
  from: Type.Optional(time),
  to: Type.Optional(time),
}, closed);
export type FlowsQuery = Type.Static<typeof flowsQuery>;

export const flow = fixed(Type.Object({
  id: text,
  ...actor,
  direction: oneOf(flowDirections),
  protocol: text,
  remoteAddress: text,
  /** Out: theirs; in: ours; -1 for none. */
  port: Type.Integer({ minimum: -1, maximum: 65_535 }),
  name: text,
  outcome: oneOf(flowOutcomes),
  folded: Type.Boolean(),
  /** Hour: joined from the minutes of an hour. */
  precision: oneOf(flowPrecisions),
  firstTime: time,
  lastTime: time,
  count,
  sourcePorts: ports,
  portsBeyond: count,
}, closed));
export type FlowView = Type.Static<typeof flow>;
export const flowsAnswer = listOf(flow);

export const destinationsQuery = Type.Object({
  cluster: Type.Optional(name),
  namespace: Type.Optional(name),
  workload: Type.Optional(name),
  /** Networks that are not wanted, with commas: those of pods and services. */
  exclude: Type.Optional(Type.String({ maxLength: 4_096 })),
  /** Only what was first reached then or later. */
  newSince: Type.Optional(time),
  format: oneOf(['json', 'csv'], { default: 'json' }),
  /** In CSV: without first and last, so that the same destinations are the same bytes. */
  times: Type.Boolean({ default: true }),
}, closed);
export type DestinationsQuery = Type.Static<typeof destinationsQuery>;

export const destination = fixed(Type.Object({
  cluster: text,
  namespace: text,
  workload: text,
  address: text,
  port: Type.Integer({ minimum: 0, maximum: 65_535 }),
  protocol: text,
  names: texts,
  firstTime: time,
  lastTime: time,
}, closed));
export type DestinationView = Type.Static<typeof destination>;
export const destinationsAnswer = Type.Object({
  items: Type.Array(destination),
  /** There are more than are shown: ask for one namespace or workload. */
  isPartial: Type.Boolean(),
}, closed);
