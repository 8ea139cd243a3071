import Type from 'typebox';

import { severities } from '../../../baseline/alert.ts';
import { leftReasons } from '../../generate/network.ts';
import { deniedCauses, unjudgedReasons } from '../../generate/ledger-replay.ts';
import { generatedKinds } from './generate.ts';
import {
  closed,
  count,
  fixed,
  name,
  number,
  oneOf,
  text,
  texts,
  time,
  timeOrNone,
} from './words.ts';

/** Policies made from what was learned, with what the ledger says they would have denied. */
export const networkFormats = ['kubernetes', 'cilium'] as const;
export type NetworkFormat = (typeof networkFormats)[number];
export const REPLAY_DAYS_MAX = 90;

const days = Type.Integer({ minimum: 1, maximum: REPLAY_DAYS_MAX, default: 7 });

export const networkPolicyQuery = Type.Object({
  namespace: name,
  format: oneOf(networkFormats, { default: 'kubernetes' }),
  /** How far back the ledger is replayed. */
  days,
  /** Also of profiles whose connections are still learned. */
  incomplete: Type.Boolean({ default: false }),
}, closed);
export type NetworkPolicyQuery = Type.Static<typeof networkPolicyQuery>;

export const deniedFlows = Type.Object({
  direction: oneOf(['egress', 'ingress']),
  pod: text,
  workload: text,
  process: text,
  /** The other end: its address, and who had it then (empty for what is outside). */
  address: text,
  peer: text,
  port: Type.Integer({ minimum: -1, maximum: 65_535 }),
  protocol: text,
  connections: count,
  firstTime: time,
  lastTime: time,
  /** Ids of flows that say so, the newest first; `flowsBeyond` more are not named. */
  flows: texts,
  flowsBeyond: count,
  /** `alert-names-it`: an alert says this connection; `pod-alarmed`: its pod alarmed then. */
  cause: oneOf(deniedCauses),
  alerts: Type.Array(Type.Object({ id: text, severity: oneOf(severities), namesIt: Type.Boolean() },
    closed)),
}, closed);

const coverage = Type.Object({
  workload: text,
  profile: text,
  /** Share of what the image does that is known, 0 to 1. */
  coverage: number,
  isComplete: Type.Boolean(),
}, closed);

const left = Type.Object({ workload: text, reason: oneOf(leftReasons), value: text }, closed);

const replay = Type.Object({
  from: time,
  to: time,
  /** False: there was more than is looked at, and `from` is as far back as it came. */
  isWhole: Type.Boolean(),
  flows: count,
  connections: count,
  allowed: count,
  denied: count,
  /** Of the denied ones those that an alert names, and those whose pod alarmed at the time. */
  deniedAsAttack: count,
  /** Of which nothing can be said, in connections, by reason. */
  unjudged: Type.Array(Type.Object({ reason: oneOf(unjudgedReasons), connections: count }, closed)),
}, closed);

export const networkPolicyReport = Type.Object({
  coverage: Type.Array(coverage),
  left: Type.Array(left),
  replay,
  /** Most connections first, but what no alert explains before what one does. */
  denied: Type.Array(deniedFlows),
  deniedBeyond: count,
  /** What the policies were resolved with. */
  objects: Type.Object({
    pods: count,
    services: count,
    namespaces: count,
    nodes: count,
    listedTime: time,
    /** Since when it is noted which pod had which address; null when it is not. */
    historySince: timeOrNone,
  }, closed),
}, closed);

export const policyDocument = Type.Object({
  name: text,
  /** What isolates the namespace: to be applied when the others have proven themselves. */
  isIsolation: Type.Boolean(),
  yaml: text,
}, closed);

export const networkPolicyAnswer = fixed(Type.Object({
  namespace: text,
  format: oneOf(networkFormats),
  days: count,
  /** All of it as one file, with the report as comments. */
  yaml: text,
  documents: Type.Array(policyDocument),
  report: networkPolicyReport,
}, closed));
export type NetworkPolicyAnswer = Type.Static<typeof networkPolicyAnswer>;
export type DeniedFlowsView = NetworkPolicyAnswer['report']['denied'][number];

/** Policies of other products for the images that a namespace runs. */
export const imagePoliciesParams = Type.Object({ kind: oneOf(generatedKinds) }, closed);
export const imagePoliciesQuery = Type.Object({ namespace: name }, closed);

export const imagePoliciesAnswer = fixed(Type.Object({
  namespace: text,
  kind: oneOf(generatedKinds),
  items: Type.Array(Type.Object({
    key: text,
    workloads: texts,
    /** The artefact as a file: YAML, of `seccomp` JSON. */
    text,
    /** Channels that are still learned: what is normal and not yet seen would be refused. */
    incomplete: texts,
    /** Behaviours that its language cannot say. */
    left: texts,
  }, closed)),
  /** Images of which no policy could be made, by the reason. */
  left: Type.Array(Type.Object({ workload: text, image: text,
    reason: oneOf(['no-profile', 'no-image']) }, closed)),
}, closed));
export type ImagePoliciesAnswer = Type.Static<typeof imagePoliciesAnswer>;

export const plaintextQuery = Type.Object({ namespace: Type.Optional(name) }, closed);

export const plaintextAnswer = fixed(Type.Object({
  items: Type.Array(Type.Object({
    namespace: text,
    workload: text,
    process: text,
    to: text,
    toNamespace: text,
    port: count,
    protocol: text,
    /** What the port is assigned to. */
    service: text,
    isOverNamespaces: Type.Boolean(),
    isOverNodes: Type.Boolean(),
    isOutside: Type.Boolean(),
  }, closed)),
  profiles: count,
  limits: text,
}, closed));
export type PlaintextAnswer = Type.Static<typeof plaintextAnswer>;
