import Type from 'typebox';

import { alertKinds, severities } from '../../../baseline/alert.ts';
import { verdicts } from '../../incident/work.ts';
import type { Incident } from '../../incident/incident.ts';
import { alertAnswer } from './alert.ts';
import { responseAnswer } from './response.ts';
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

export { verdicts };
export type { Verdict } from '../../incident/work.ts';

/** Incidents, and the work that people do on them. */
export const incidentsQuery = Type.Object({
  ...page,
  /** `open`: neither quiet nor closed by a person. */
  state: Type.Optional(oneOf(['open', 'closed'])),
  severity: Type.Optional(oneOf(severities, { description: 'At least this.' })),
  namespace: Type.Optional(name),
  image: Type.Optional(name),
  assignee: Type.Optional(name),
  acknowledged: Type.Optional(Type.Boolean()),
  q: Type.Optional(searchText),
}, closed);
export type IncidentsQuery = Type.Static<typeof incidentsQuery>;

export const COMMENT_CHARACTERS_MAX = 4_000;
export const WHY_CHARACTERS_MAX = 1_000;
const why = Type.String({ pattern: '\\S', maxLength: WHY_CHARACTERS_MAX });

const doneBy = Type.Object({ by: text, time }, closed);
const orNone = <T extends Type.TSchema>(type: T) => Type.Union([type, Type.Null()]);

/** `revision` grows with each step; a step names the one it was decided on, or gets 409. */
const workFields = {
  revision: count,
  acknowledged: orNone(doneBy),
  assignee: orNone(text),
  closed: orNone(Type.Object({ by: text, time, why: text, verdict: oneOf(verdicts) }, closed)),
};
const incidentWork = Type.Object(workFields, closed);
export type IncidentWork = Type.Static<typeof incidentWork>;

const comment = Type.Object({ id: text, by: text, time, text }, closed);
export type IncidentComment = Type.Static<typeof comment>;

export type IncidentView = Incident & {
  /** Neither quiet (`state`) nor closed by a person (`work.closed`). */
  readonly isOpen: boolean;
  readonly work: IncidentWork;
};

export const incidentAnswer = Type.Unsafe<IncidentView>(Type.Object({
  id: text,
  revision: Type.Integer(),
  state: oneOf(['open', 'closed']),
  closedBecause: oneOf(['', 'quiet', 'merged', 'capacity']),
  mergedInto: text,
  scope: oneOf(['pod', 'behaviour']),
  sharedBehaviour: text,
  /** How many pods share it; absent in old ones. */
  sharedPods: Type.Optional(count),
  /** The same again within the cool-down: counted, and told to nobody. */
  again: Type.Optional(Type.Object({
    alerts: count,
    /** Keys of the pods, at most 200. */
    pods: texts,
    lastTime: text,
  }, closed)),
  cluster: text,
  namespace: text,
  workload: text,
  imageRepository: text,
  severity: oneOf(severities),
  score: number,
  title: words,
  firstTime: text,
  lastTime: text,
  openedAtMs: number,
  updatedAtMs: number,
  notifiedAtMs: number,
  alertCount: count,
  eventCount: number,
  pods: Type.Array(Type.Object({ namespace: text, pod: text, podUid: text, node: text }, closed)),
  podsDropped: count,
  techniques: texts,
  alerts: Type.Array(Type.Object({
    id: text,
    revision: Type.Integer(),
    kind: oneOf(alertKinds),
    severity: oneOf(severities),
    score: number,
    count: number,
    podKey: text,
    firstTime: text,
    lastTime: text,
    reason: words,
    techniques: texts,
    imageRepository: text,
    namespace: Type.Optional(text),
    workload: Type.Optional(text),
    isAgain: Type.Optional(Type.Boolean()),
    behaviours: texts,
  }, closed)),
  alertsDropped: count,
  isOpen: Type.Boolean(),
  work: incidentWork,
}, closed));

export const incidentsAnswer = listOf(incidentAnswer);
export type IncidentsAnswer = Type.Static<typeof incidentsAnswer>;

export const incidentDetail = Type.Object({
  incident: incidentAnswer,
  alerts: listOf(alertAnswer),
  responses: Type.Array(responseAnswer),
  work: Type.Object({ ...workFields, comments: Type.Array(comment) }, closed),
}, closed);
export type IncidentDetail = Type.Static<typeof incidentDetail>;

/** What happened, in order of time. Each item says what it is by `kind`. */
const item = <K extends string, F extends Type.TProperties>(kind: K, fields: F) =>
  Type.Object({ kind: Type.Literal(kind), time: text, ...fields }, closed);

export const timelineItem = Type.Union([
  /** One behaviour of one alert, when it was first seen. */
  item('finding', {
    alertId: text,
    severity: oneOf(severities),
    namespace: text,
    pod: text,
    process: text,
    channel: text,
    value: text,
    count: number,
    techniques: texts,
    reason: words,
  }),
  /** An alert has grown since it was first told. */
  item('revision', { alertId: text, revision: Type.Integer(), count: number, score: number }),
  /** Nobody watched: from `time` to `to`. */
  item('gap', { node: text, to: text, cause: text, eventsEstimate: Type.Integer() }),
  item('response', {
    responseId: text,
    action: text,
    step: text,
    by: text,
    state: text,
    reason: text,
    pod: text,
  }),
  item('comment', { commentId: text, by: text, text }),
  /** acknowledged, assigned, closed, reopened; and accepting a behaviour of one of its alerts. */
  item('decision', { by: text, step: text, detail: text }),
]);
export type TimelineItem = Type.Static<typeof timelineItem>;

export const timelineAnswer = fixed(Type.Object({
  items: Type.Array(timelineItem),
  /** The bound was reached: the newest are shown. */
  isPartial: Type.Boolean(),
}, closed));
export type TimelineAnswer = Type.Static<typeof timelineAnswer>;

/** The `work.revision` that was on the screen. */
const revision = Type.Integer({ minimum: 0 });
export const acknowledgeBody = Type.Object({ revision }, closed);
export const assignBody = Type.Object({
  revision,
  /** The name of a principal; null gives it back. */
  assignee: orNone(Type.String({ pattern: '\\S', maxLength: 200 })),
}, closed);
export const commentBody = Type.Object({
  text: Type.String({ pattern: '\\S', maxLength: COMMENT_CHARACTERS_MAX }),
}, closed);
export const closeBody = Type.Object({
  revision,
  verdict: oneOf(verdicts),
  why,
  /** `incident.revision` that was on the screen: what came later was not looked at. */
  incidentRevision: Type.Optional(Type.Integer({ minimum: 1 })),
}, closed);
export const reopenBody = Type.Object({ revision, why }, closed);

export const workAnswer = Type.Object({
  work: Type.Object({ ...workFields, comments: Type.Array(comment) }, closed),
}, closed);
export type WorkAnswer = Type.Static<typeof workAnswer>;
