import Type from 'typebox';

import { alertKinds, channels, profileStates, severities } from '../../../baseline/alert.ts';
import type { Alert, AlertBehaviour, AlertProcess } from '../../../baseline/alert.ts';
import { handlingKinds } from '../../incident/handling.ts';
import type { Handling } from '../../incident/handling.ts';
import {
  closed,
  count,
  fixed,
  listOf,
  name,
  number,
  oneOf,
  page,
  searchText,
  text,
  texts,
  time,
  words,
} from './words.ts';

/** Alerts: one list with filters, one alert, and what stands around it. */
export const technique = Type.String({ pattern: '^T\\d{4}(\\.\\d{3})?$' });

export const alertsQuery = Type.Object({
  ...page,
  severity: Type.Optional(oneOf(severities, { description: 'At least this.' })),
  namespace: Type.Optional(name),
  image: Type.Optional(name),
  technique: Type.Optional(technique),
  kind: Type.Optional(oneOf(alertKinds)),
  node: Type.Optional(name),
  incident: Type.Optional(name),
  workload: Type.Optional(name),
  pod: Type.Optional(name),
  /** Absent: all but suppressed ones. */
  handling: Type.Optional(oneOf([...handlingKinds, 'all'])),
  q: Type.Optional(searchText),
  /** When the collector received it: agents' clocks can be wrong. */
  from: Type.Optional(time),
  to: Type.Optional(time),
}, closed);
export type AlertsQuery = Type.Static<typeof alertsQuery>;

const alertProcess = Type.Unsafe<AlertProcess>(Type.Object({
  pid: Type.Integer(),
  name: text,
  exe: text,
  commandLine: text,
  uid: Type.Integer(),
  ancestry: texts,
}, closed));

const behaviour = Type.Unsafe<AlertBehaviour>(Type.Object({
  channel: oneOf(channels),
  value: text,
  time: text,
  count: Type.Integer(),
  score: number,
  techniques: texts,
  reason: words,
  process: alertProcess,
  fields: Type.Record(text, text),
}, closed));

/** How an alert was dealt with before anybody saw it. */
export const handling = Type.Unsafe<Handling>(Type.Union([
  Type.Object({ kind: Type.Literal('none') }, closed),
  Type.Object({ kind: Type.Literal('suppressed'), ruleId: text, owner: text, reason: text }, closed),
  Type.Object({ kind: Type.Literal('maintenance'), windowId: text }, closed),
  Type.Object({ kind: Type.Literal('cooled'), until: text }, closed),
]));
export type { Handling };

export type AlertView = Alert & {
  /** Empty while it stands alone. */
  readonly incidentId: string;
  /** When the collector first received it. */
  readonly receivedTime: string;
  readonly handling: Handling;
};

/** Times of events are the agent's text: nobody checks them. */
export const alertAnswer = Type.Unsafe<AlertView>(Type.Object({
  id: text,
  revision: Type.Integer(),
  kind: oneOf(alertKinds),
  severity: oneOf(severities),
  cluster: text,
  node: text,
  namespace: text,
  pod: text,
  podUid: text,
  workload: text,
  containerId: text,
  containerName: text,
  image: Type.Object({ repository: text, tag: text, digest: text }, closed),
  process: alertProcess,
  behaviours: Type.Array(behaviour),
  behavioursDropped: count,
  profile: Type.Object({
    state: oneOf(profileStates),
    coverage: number,
    observations: number,
    pods: number,
  }, closed),
  score: number,
  scoreParts: Type.Array(Type.Object({ name: text, value: number }, closed)),
  techniques: texts,
  firstTime: text,
  lastTime: text,
  count: number,
  reason: words,
  incidentId: text,
  receivedTime: time,
  handling,
}, closed));

export const alertsAnswer = listOf(alertAnswer);
export type AlertsAnswer = Type.Static<typeof alertsAnswer>;

/** What an event of the live stream holds of it; `handling` follows once it was correlated. */
export type AlertEvent = AlertView;

export const contextQuery = Type.Object({
  /** How far to look back for who else showed it. */
  days: Type.Integer({ minimum: 1, maximum: 30, default: 7 }),
}, closed);

export type ProcessNode = {
  readonly pid: number | null;
  readonly name: string;
  readonly exe: string;
  readonly commandLine: string;
  readonly uid: number | null;
  /** Alerts in which this very process showed something. */
  readonly alertIds: readonly string[];
  /** `channel: value` of what it showed. */
  readonly behaviours: readonly string[];
  readonly children: readonly ProcessNode[];
};

/** A tree refers to itself, which the document says by name alone. */
const processNode = Type.Unsafe<ProcessNode>(Type.Object({
  pid: Type.Union([Type.Integer(), Type.Null()]),
  name: text,
  exe: text,
  commandLine: text,
  uid: Type.Union([Type.Integer(), Type.Null()]),
  alertIds: texts,
  behaviours: texts,
  children: Type.Array(Type.Object({}, { description: 'The same again, to any depth.' })),
}, closed));

const knownBehaviour = Type.Object({
  channel: oneOf(channels),
  value: text,
  /** Distinct pods that showed it. */
  pods: count,
  firstTime: text,
  lastTime: text,
}, closed);
export type KnownBehaviour = Type.Static<typeof knownBehaviour>;

export const alertContext = fixed(Type.Object({
  /** From the entry point down; several where the alerts name no common ancestor. */
  process: Type.Array(processNode),
  /** Per behaviour of the alert, what its profile knows of the same actor, nearest first. */
  normal: Type.Array(Type.Object({
    channel: oneOf(channels),
    value: text,
    actor: Type.String({ description: 'Whose known behaviours these are, e.g. gunicorn.' }),
    known: Type.Array(knownBehaviour),
    /** All that are known of this actor in this channel; `known` holds the nearest. */
    knownTotal: count,
  }, closed)),
  /** Whether there is a stored profile at all. */
  profileId: Type.Union([text, Type.Null()]),
  /** Who else showed one of the alert's behaviours: the blast radius. */
  sameBehaviour: Type.Object({
    days: count,
    pods: Type.Array(Type.Object({
      cluster: text,
      namespace: text,
      pod: text,
      node: text,
      image: text,
      alerts: count,
      lastAlertId: text,
      lastTime: text,
    }, closed)),
    images: texts,
    alerts: count,
    /** Looking back stopped at a bound: there may be more. */
    isPartial: Type.Boolean(),
  }, closed),
  /** Alerts of the same pod in the minute before this one, newest first. */
  minuteBefore: Type.Array(alertAnswer),
}, closed));
export type AlertContext = Type.Static<typeof alertContext>;

export const countDimensions = ['severity', 'namespace', 'image', 'technique'] as const;
export const BUCKETS_MAX = 1_000;

export const alertCountsQuery = Type.Object({
  from: Type.Optional(time),
  to: Type.Optional(time),
  bucketSeconds: Type.Integer({ minimum: 10, maximum: 86_400, default: 300 }),
  by: Type.Optional(oneOf(countDimensions)),
  severity: Type.Optional(oneOf(severities)),
  namespace: Type.Optional(name),
  image: Type.Optional(name),
}, closed);
export type AlertCountsQuery = Type.Static<typeof alertCountsQuery>;

export const alertCounts = Type.Object({
  from: time,
  to: time,
  bucketSeconds: Type.Integer(),
  total: count,
  /** Of each bucket its beginning; those without an alert are left out. */
  buckets: Type.Array(Type.Object({ time, count }, closed)),
  /** Most first, at most 50; `other` is what is not among them. Empty without `by`. */
  groups: Type.Array(Type.Object({
    key: text,
    count,
    buckets: Type.Array(Type.Object({ time, count }, closed)),
  }, closed)),
  other: count,
}, closed);
export type AlertCounts = Type.Static<typeof alertCounts>;

