import Type from 'typebox';

import { closed, count, listOf, page, text, time } from './words.ts';

const part = Type.String({ minLength: 1, maxLength: 200 });

export const auditQuery = Type.Object({
  ...page,
  /** Part of who did it, or of what it was done on. */
  actor: Type.Optional(part),
  subject: Type.Optional(part),
  action: Type.Optional(Type.String({ pattern: '^[a-z-]{1,40}(\\.[a-z-]{1,40})?$',
    description: 'One action, or a family of them: `response` for `response.approve`.' })),
  from: Type.Optional(time),
  to: Type.Optional(time),
}, closed);
export type AuditQuery = Type.Static<typeof auditQuery>;

export const auditEntry = Type.Object({
  number: count,
  time,
  actor: text,
  action: text,
  subject: text,
  detail: Type.Object({}),
  previousHash: text,
  hash: text,
}, closed);
export type AuditEntryView = Type.Static<typeof auditEntry>;
export const auditAnswer = listOf(auditEntry);
export type AuditAnswer = Type.Static<typeof auditAnswer>;

export const auditVerdict = Type.Union([
  Type.Object({ ok: Type.Literal(true), rows: count }, closed),
  Type.Object({ ok: Type.Literal(false), at: count, problem: text }, closed),
]);
export type AuditVerdictAnswer = Type.Static<typeof auditVerdict>;
