import Type from 'typebox';

import { responseReasons, responseStates } from '../../respond/response.ts';
import type { Response } from '../../respond/response.ts';
import { allOf, closed, count, listOf, number, oneOf, text, texts, time } from './words.ts';

/** Answers about responses; their requests are in `response-schemas.ts`. */
const target = Type.Object({
  cluster: text,
  namespace: text,
  pod: text,
  podUid: text,
  node: text,
  containerId: text,
  workload: text,
  process: Type.Union([
    Type.Object({ pid: Type.Integer(), observedAt: text, name: text }, closed),
    Type.Null(),
  ]),
}, closed);

const terms = Type.Object({
  graceSeconds: number,
  ttlSeconds: number,
  watchSeconds: number,
  evidence: text,
  fourEyes: Type.Boolean(),
  fallback: texts,
  isAutomatic: Type.Boolean(),
  acceptsOutage: Type.Boolean(),
}, closed);

const evidenceItem =
  Type.Object({ name: text, bytes: count, sha256: text, problem: text }, closed);

const fields = {
  id: text,
  revision: Type.Integer(),
  action: text,
  target,
  terms,
  state: oneOf(responseStates),
  reason: oneOf(responseReasons),
  detail: text,
  warnings: texts,
  why: text,
  incidentId: text,
  alertId: text,
  rule: text,
  policyHash: text,
  proposedBy: text,
  approvals: texts,
  reverses: text,
  behaviours: texts,
  evidence: Type.Array(evidenceItem),
  undo: Type.Object({ kind: oneOf(['none', 'scale', 'node']) }),
  attempts: count,
  proposedAtMs: number,
  updatedAtMs: number,
  executedAtMs: number,
  watchEndsAtMs: number,
  reverseAtMs: number,
  expiresAtMs: number,
};

export const responseAnswer = Type.Unsafe<Response>(Type.Object(fields, closed));
export const responsesAnswer = listOf(responseAnswer);
export type ResponsesAnswer = Type.Static<typeof responsesAnswer>;

/** With what it will do, step by step. */
export type ResponseDetail = Response & { readonly plan: readonly string[] };
export const responseDetail = Type.Unsafe<ResponseDetail>(Type.Object({
  ...fields,
  plan: texts,
}, closed));

/** What a dry run found, with the plan that was tried. */
export const dryRunAnswer = Type.Object({
  dryRun: Type.Literal(true),
  outcome: Type.Object({}),
  plan: texts,
}, closed);

export const evidenceAnswer = allOf(
  Type.Object({ name: text, mediaType: text, size: count, takenTime: time }, closed),
);

export const pauseAnswer = Type.Object({
  isPaused: Type.Boolean(),
  by: text,
  why: text,
  atMs: number,
}, closed);
export type PauseAnswer = Type.Static<typeof pauseAnswer>;
