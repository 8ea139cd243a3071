import type { Logger } from 'pino';

import type { Clock } from '../clock.ts';
import type { LoadedPolicy } from '../policy/load-policy.ts';
import { escalationAlert } from './escalation.ts';
import type { Escalation, EscalationAlerts } from './escalation.ts';
import { COLLECTOR_ACTOR, policyActor } from './four-eyes.ts';
import type { PauseSwitch } from './pause.ts';
import type { Proposals } from './proposals.ts';
import type { Containment, Response } from './response.ts';
import { termsOfNext } from './terms.ts';

/**
 * What follows when an action did not help: people are told, and the next action of the policy is
 * proposed, or begun where the policy acts by itself. Done before the step that records the failure
 * is stored; after a crash in between it is done again, and the ids make it the same.
 */
export type FollowUpOptions = {
  readonly proposals: Proposals;
  readonly alerts: EscalationAlerts;
  readonly pause: PauseSwitch;
  readonly policy: () => LoadedPolicy;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEscalated: (kind: Escalation) => void;
};

export class FollowUp {
  readonly #options: FollowUpOptions;

  constructor(options: FollowUpOptions) {
    this.#options = options;
  }

  /** The agent saw the pod go on. */
  async notEffective(response: Response, detail: string): Promise<void> {
    await this.#escalate(response, 'not-effective', detail);
    const [next] = response.terms.fallback;
    if (next === undefined) return;
    await this.#propose(response, next, `${response.action} had no effect`);
  }

  /** The replacement does the same again: one is kept for evidence, the others are left alone. */
  async killLoop(response: Response, detail: string): Promise<void> {
    await this.#escalate(response, 'kill-loop', detail);
    await this.#propose(response, 'isolate', 'kill loop: this pod is kept for evidence');
  }

  async #escalate(response: Response, kind: Escalation, detail: string): Promise<void> {
    const { alerts, clock, log, onEscalated } = this.#options;
    const original = response.alertId === '' ? undefined : await alerts.readAlert(response.alertId);
    const about = { kind, detail, nowMs: clock.now() };
    await alerts.raise(escalationAlert(response, about, original?.alert));
    onEscalated(kind);
    log.warn({ security: true, responseId: response.id, kind, detail }, 'a response did not help');
  }

  async #propose(response: Response, action: Containment, why: string): Promise<void> {
    const { proposals, pause, policy } = this.#options;
    const terms = termsOfNext(response.terms, action, policy().policy);
    const { target, incidentId, alertId, behaviours, rule } = response;
    const by = rule === '' ? COLLECTOR_ACTOR : policyActor(rule);
    const id = `${response.id}-fallback-${action}`;
    const proposed = await proposals.insert({
      action,
      target,
      terms,
      incidentId,
      alertId,
      behaviours,
      by,
      why,
      rule,
      reverses: '',
      undo: { kind: 'none' },
    }, id);
    const exists = !proposed.ok && proposed.reason === 'exists';
    if (!terms.isAutomatic || !(proposed.ok || exists)) return;
    if ((await pause.read()).isPaused) return;
    await proposals.change(id, { kind: 'approve', by }, by);
  }
}
