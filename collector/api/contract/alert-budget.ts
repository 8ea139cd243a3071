import Type from 'typebox';

import { profileStates } from '../../../baseline/alert.ts';
import { allOf, closed, count, number, oneOf, text, time } from './words.ts';

/** How many alarms each image may raise and did, and how its learning went. */
const span = Type.Object({
  days: count,
  raised: count,
  allowed: number,
  /** Null where nobody runs the image now. */
  ratio: Type.Union([number, Type.Null()]),
  /** Of so many or more, were the budget kept (Poisson). */
  probability: number,
  /** Below 1 %. */
  isOver: Type.Boolean(),
}, closed);

export const imageBudget = Type.Object({
  image: text,
  nodes: count,
  allowedPerDay: number,
  spans: Type.Array(span),
  /** Within 30 days. */
  suppressed: count,
  cooled: count,
  maintenance: count,
}, closed);
export type ImageBudgetView = Type.Static<typeof imageBudget>;

export const alertBudgetAnswer = allOf(imageBudget);
export type AlertBudgetAnswer = Type.Static<typeof alertBudgetAnswer>;

export const coverageHistory = Type.Object({
  points: Type.Array(Type.Object({
    time,
    coverage: number,
    observations: number,
    pods: number,
    state: oneOf(profileStates),
  }, closed)),
}, closed);
export type CoverageHistory = Type.Static<typeof coverageHistory>;
