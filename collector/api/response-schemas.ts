import Type from 'typebox';

import { responseStates, containments, reversals } from '../respond/response.ts';
import { page } from './contract/words.ts';

/** What requests about responses may say; anything else is 400 with the place that is wrong. */
const oneOf = <T extends string>(values: readonly T[]) => Type.Unsafe<T>(Type.Enum([...values]));
const name = Type.String({ minLength: 1, maxLength: 1_024 });
const closed = { additionalProperties: false } as const;

const why = Type.String({ minLength: 1, maxLength: 1_000 });

export const responsesQuery = Type.Object({
  ...page,
  state: Type.Optional(oneOf(responseStates)),
  incident: Type.Optional(name),
}, closed);

/** The pod either by an alert of it, or by all that names it. */
export const responseBody = Type.Object({
  // Uncordon and scale-back name what they take back: they are made by undo.
  action: oneOf([...containments, reversals[0], reversals[1]] as const),
  alertId: Type.Optional(name),
  target: Type.Optional(Type.Object({
    namespace: name,
    pod: name,
    podUid: name,
    cluster: Type.Optional(name),
    node: Type.Optional(name),
  }, closed)),
  graceSeconds: Type.Integer({ minimum: 0, maximum: 3_600, default: 0 }),
  ttlSeconds: Type.Integer({ minimum: 0, maximum: 2_592_000, default: 0 }),
  acceptsOutage: Type.Boolean({ default: false,
    description: 'Also the last healthy replica; then two people approve.' }),
  dryRun: Type.Boolean({ default: false }),
  why: Type.Optional(why),
}, closed);

export const decideBody = Type.Object({ why: Type.Optional(why) }, closed);
export const undoBody = Type.Object({ why }, closed);
export const pauseBody = Type.Object({ isPaused: Type.Boolean(), why }, closed);

export const evidenceParams = Type.Object({
  id: name,
  name: Type.String({ pattern: '^[A-Za-z0-9._-]{1,300}$' }),
}, closed);
