import type { AuditEntry } from './response-store.ts';
import type { ResponseEvent } from './machine.ts';
import type { Response } from './response.ts';

/** What the audit keeps of one step: enough to say who did what to which pod, and how it went. */
export function auditOf(
  response: Response,
  event: ResponseEvent | { readonly kind: 'propose' },
  by: { readonly actor: string; readonly atMs: number },
): AuditEntry {
  return {
    atMs: by.atMs,
    actor: by.actor,
    action: `response.${event.kind}`,
    subject: response.id,
    detail: {
      action: response.action,
      target: response.target,
      terms: response.terms,
      state: response.state,
      reason: response.reason,
      detail: response.detail,
      why: response.why,
      incidentId: response.incidentId,
      alertId: response.alertId,
      rule: response.rule,
      policyHash: response.policyHash,
      approvals: response.approvals,
      reverses: response.reverses,
      evidence: response.evidence,
      attempts: response.attempts,
    },
  };
}

/** A step that was refused: nothing changed, and somebody tried. */
export function refusalOf(
  subject: string,
  refused: { readonly step: string; readonly reason: string; readonly detail?: unknown },
  by: { readonly actor: string; readonly atMs: number },
): AuditEntry {
  const { step, reason, detail = {} } = refused;
  return {
    atMs: by.atMs,
    actor: by.actor,
    action: 'response.refused',
    subject,
    detail: { step, reason, ...detail as Readonly<Record<string, unknown>> },
  };
}
