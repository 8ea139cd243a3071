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
      graceSeconds: response.graceSeconds,
      state: response.state,
      reason: response.reason,
      detail: response.detail,
      incidentId: response.incidentId,
      alertId: response.alertId,
      rule: response.rule,
      attempts: response.attempts,
    },
  };
}
