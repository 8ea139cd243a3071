import Type from 'typebox';

import { ALERT_BEHAVIOURS_MAX, channels } from '../../baseline/alert.ts';
import { DECISION_VALUE_MAX, decisionScopes } from '../../baseline/profile/decisions.ts';

/** What requests about profiles and decisions may say. */
const closed = { additionalProperties: false } as const;
const oneOf = <T extends string>(values: readonly T[]) => Type.Unsafe<T>(Type.Enum([...values]));

/** More at once nobody has looked at; a whole version is approved by its diff, in parts. */
export const BEHAVIOURS_PER_REQUEST_MAX = 256;
export const YAML_CHARACTERS_MAX = 262_144;
const ID_CHARACTERS_MAX = 1_400;
const WHY_CHARACTERS_MAX = 1_000;

const id = Type.String({ minLength: 1, maxLength: ID_CHARACTERS_MAX });
const value = Type.String({ minLength: 1, maxLength: DECISION_VALUE_MAX });

/** Why: every change asks for it, the audit keeps it. Who is the one whose credential it was. */
const said = {
  why: Type.String({ pattern: '\\S', maxLength: WHY_CHARACTERS_MAX }),
};

export const profileParams = Type.Object({ id }, closed);

export const profilesQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
  /** The id of the last profile of the page before. */
  cursor: Type.Optional(id),
  /** Of keys: `docker.io/shop/web`. */
  prefix: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
}, closed);

export const profileQuery = Type.Object({
  channel: Type.Optional(oneOf(channels)),
  /** Behaviours per channel. */
  limit: Type.Integer({ minimum: 1, maximum: 4_096, default: 200 }),
}, closed);

/** `with`: what it is compared with; the rows say what that one has more or less. */
export const diffQuery = Type.Object({ with: id }, closed);

export const judgeBody = Type.Object({
  ...said,
  scope: Type.Unsafe<(typeof decisionScopes)[number]>(
    Type.Enum([...decisionScopes], { default: 'image' }),
  ),
  behaviours: Type.Optional(Type.Array(
    Type.Object({ channel: oneOf(channels), value }, closed),
    { minItems: 1, maxItems: BEHAVIOURS_PER_REQUEST_MAX },
  )),
  /** Or: all that this profile has and that one has not. */
  against: Type.Optional(id),
}, closed);

export const placeBody = Type.Object({
  ...said,
  scope: Type.Unsafe<'image' | 'lineage'>(Type.Enum(['image', 'lineage'], { default: 'image' })),
}, closed);

export const learnBody = Type.Object({
  ...said,
  scope: Type.Unsafe<(typeof decisionScopes)[number]>(
    Type.Enum([...decisionScopes], { default: 'image' }),
  ),
  /** Which of the alert's behaviours, counted from 0; or its value. Needed when it has several. */
  behaviour: Type.Optional(Type.Integer({ minimum: 0, maximum: ALERT_BEHAVIOURS_MAX - 1 })),
  value: Type.Optional(value),
}, closed);

export const importBody = Type.Object({
  ...said,
  /** The review form, as `lannerctl profile export` writes it: as text, */
  yaml: Type.Optional(Type.String({ minLength: 1, maxLength: YAML_CHARACTERS_MAX })),
  /** or as JSON of the same form; checked by `profiles/review.ts`. */
  profile: Type.Optional(Type.Unknown()),
  dryRun: Type.Boolean({ default: false }),
}, closed);

export const decisionsQuery = Type.Object({
  /** Also those that were undone. */
  all: Type.Boolean({ default: false }),
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
}, closed);

export const undoBody = Type.Object(said, closed);
