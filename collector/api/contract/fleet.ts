import Type from 'typebox';

import { profileStates } from '../../../baseline/alert.ts';
import { gapCauses, sensorStates } from '../../../proto/lanner/v1/frames.ts';
import {
  allOf,
  closed,
  count,
  listOf,
  name,
  number,
  oneOf,
  page,
  searchText,
  text,
  texts,
  time,
} from './words.ts';

/** Nodes with their agents, gaps, pods, images. */
export const node = Type.Object({
  cluster: text,
  node: text,
  isConnected: Type.Boolean(),
  agentVersion: text,
  falcoVersion: text,
  sensorState: oneOf(sensorStates),
  sensorDetail: text,
  capabilities: texts,
  protocol: Type.Integer(),
  connectedTime: time,
  lastSeenTime: time,
  eventsReceived: count,
  eventsJudged: count,
  eventsDropped: count,
  outboxPending: count,
  lagSeconds: number,
  images: count,
}, closed);
export type NodeView = Type.Static<typeof node>;
export const nodesAnswer = allOf(node);

export const gapsQuery = Type.Object({ ...page, node: Type.Optional(name) }, closed);
export const gap = Type.Object({
  cluster: text,
  node: text,
  from: text,
  to: text,
  cause: oneOf(gapCauses),
  /** -1 when nobody knows. */
  eventsEstimate: Type.Integer(),
  receivedTime: time,
}, closed);
export type GapView = Type.Static<typeof gap>;
export const gapsAnswer = listOf(gap);

export const podsQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }),
  namespace: Type.Optional(name),
  node: Type.Optional(name),
  image: Type.Optional(name),
  q: Type.Optional(searchText),
}, closed);
export type PodsQuery = Type.Static<typeof podsQuery>;

/** Pods that raised alerts, the one with the newest alert first. */
export const pod = Type.Object({
  cluster: text,
  namespace: text,
  pod: text,
  podUid: text,
  node: text,
  workload: text,
  image: text,
  alerts: count,
  /** Of its newest alert. */
  lastAlertId: text,
  lastTime: text,
}, closed);
export type PodView = Type.Static<typeof pod>;
export const podsAnswer = Type.Object({
  items: Type.Array(pod),
  /** Looking back stopped at a bound: there may be more. */
  isPartial: Type.Boolean(),
}, closed);
export type PodsAnswer = Type.Static<typeof podsAnswer>;

const image = Type.Object({ repository: text, tag: text, digest: text }, closed);
export const imagesAnswer = allOf(Type.Object({
  profileKey: text,
  image,
  state: oneOf(profileStates),
  coverage: number,
  observations: number,
  pods: number,
  /** -1 when nobody can say. */
  completeInSeconds: number,
  nodes: count,
}, closed));
export type ImagesAnswer = Type.Static<typeof imagesAnswer>;
