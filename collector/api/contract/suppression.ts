import Type from 'typebox';

import { alertKinds, channels } from '../../../baseline/alert.ts';
import { technique } from './alert.ts';
import { closed, count, listOf, oneOf, page, text, time, timeOrNone } from './words.ts';

/** Suppression rules: alerts like these are stored, listed when asked for, and told to nobody. */
const OWNER_CHARACTERS_MAX = 200;
const WHY_CHARACTERS_MAX = 1_000;
const BEHAVIOUR_CHARACTERS_MAX = 4_096;
const PATTERNS_MAX = 64;

export const owner = Type.String({ pattern: '\\S', maxLength: OWNER_CHARACTERS_MAX,
  description: 'Whom to ask: a team or a person.' });
export const reason = Type.String({ pattern: '\\S', maxLength: WHY_CHARACTERS_MAX });
export const glob = Type.String({ minLength: 1, maxLength: 512,
  description: '* stands for any characters.' });
export const whyBody = Type.Object({ why: reason }, closed);

const some = { minItems: 1, maxItems: PATTERNS_MAX };

/** All that are there must hold, and of the behaviours for each one of the alert. */
export const suppressionMatch = Type.Object({
  cluster: Type.Optional(glob),
  namespace: Type.Optional(glob),
  workload: Type.Optional(glob),
  image: Type.Optional(glob),
  kinds: Type.Optional(Type.Array(oneOf(alertKinds), some)),
  channels: Type.Optional(Type.Array(oneOf(channels), some)),
  behaviours: Type.Optional(Type.Array(Type.Object({
    kind: oneOf(['exact', 'glob']),
    value: Type.String({ minLength: 1, maxLength: BEHAVIOUR_CHARACTERS_MAX }),
  }, closed), some)),
  techniques: Type.Optional(Type.Array(technique, some)),
}, closed);
export type SuppressionMatchBody = Type.Static<typeof suppressionMatch>;

export const previewBody = Type.Object({
  match: suppressionMatch,
  includesDestructive: Type.Boolean({ default: false,
    description: 'May match what is on the never-learn list; an approver makes such a rule.' }),
}, closed);

export const suppressionBody = Type.Object({
  ...previewBody.properties,
  owner,
  reason,
  expiresTime: Type.Optional(Type.String({ ...time, description: 'Absent: in 30 days.' })),
}, closed);
export type SuppressionBody = Type.Static<typeof suppressionBody>;

export const ended = Type.Union([
  Type.Object({ because: oneOf(['expired', 'ended']), by: text, why: text, time }, closed),
  Type.Null(),
]);

export const suppression = Type.Object({
  id: text,
  match: suppressionMatch,
  includesDestructive: Type.Boolean(),
  owner: text,
  reason: text,
  createdBy: text,
  createdTime: time,
  expiresTime: time,
  state: oneOf(['in-force', 'ended']),
  ended,
  /** Alerts that it suppressed; 0 is a rule that nobody needs, or that is wrong. */
  hits: count,
  lastHitTime: timeOrNone,
}, closed);
export type SuppressionView = Type.Static<typeof suppression>;

export const suppressionsQuery = Type.Object({
  ...page,
  /** Also those that have ended. */
  all: Type.Boolean({ default: false }),
}, closed);
export const suppressionsAnswer = listOf(suppression);


export const previewAnswer = Type.Object({
  /** Alerts of the last `days` days that it would have suppressed, of `looked`. */
  alerts: count,
  days: count,
  looked: count,
  /** There were more alerts than may be looked at. */
  isPartial: Type.Boolean(),
  bySeverity: Type.Record(text, count),
  byNamespace: Type.Record(text, count),
  /** It would have, but for what is on the never-learn list. */
  destructive: count,
  examples: Type.Array(alertExample()),
}, closed);
export type PreviewAnswer = Type.Static<typeof previewAnswer>;

function alertExample() {
  return Type.Object({
    id: text,
    time: text,
    severity: text,
    namespace: text,
    pod: text,
    image: text,
    behaviours: Type.Array(text),
    reason: Type.Object({ en: text, zh: text }, closed),
  }, closed);
}
