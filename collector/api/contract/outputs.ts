import Type from 'typebox';

import { allOf, closed, count, listOf, number, oneOf, page, text, timeOrNone } from './words.ts';

/** Where records are sent: how far each output is, and what its receiver refused. */
export const outputParams = Type.Object({
  name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' }),
}, closed);

export const outputState = ['new', 'waiting', 'sending', 'backing-off'] as const;

export const output = Type.Object({
  name: text,
  kind: text,
  /** Where it sends: scheme, host and port, never a path or a password. */
  target: text,
  state: oneOf(outputState),
  /** Changes that wait. */
  lag: count,
  /** Records that the receiver took. */
  sent: count,
  /** Attempts that failed. */
  failed: count,
  /** Left out, because there were too many or they were too old. */
  passedOver: count,
  deadLetters: count,
  lastError: text,
  lastErrorTime: timeOrNone,
  lastSentTime: timeOrNone,
}, closed);
export type OutputView = Type.Static<typeof output>;
export const outputsAnswer = allOf(output);
export type OutputsAnswer = Type.Static<typeof outputsAnswer>;

export const deadLettersQuery = Type.Object(page, closed);

export const deadLetter = Type.Object({
  number: count,
  uuid: text,
  kind: text,
  /** Class of the failure. */
  reason: text,
  detail: text,
  time: timeOrNone,
  /** Somebody asked to send it again. */
  isQueued: Type.Boolean(),
  /** What happened, in words. */
  text,
}, closed);
export type DeadLetterView = Type.Static<typeof deadLetter>;
export const deadLettersAnswer = listOf(deadLetter);
export type DeadLettersAnswer = Type.Static<typeof deadLettersAnswer>;

const NUMBERS_MAX = 500;
/** Numbers of dead letters; absent for all of that output. */
export const deadLetterChoice = Type.Object({
  numbers: Type.Optional(Type.Array(count, { minItems: 1, maxItems: NUMBERS_MAX })),
}, closed);
export const deadLetterCount = Type.Object({ count }, closed);

export const outputTest = Type.Object({
  ok: Type.Boolean(),
  seconds: number,
  /** Class of the failure and what the receiver said; empty when it took the test. */
  reason: text,
  detail: text,
}, closed);
export type OutputTestAnswer = Type.Static<typeof outputTest>;
