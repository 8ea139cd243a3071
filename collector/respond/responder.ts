import { createHash } from 'node:crypto';

import type { Alert } from '../../baseline/alert.ts';
import type { Incident } from '../incident/incident.ts';
import { decide, isProtected } from '../policy/decide.ts';
import type { NothingReason } from '../policy/decide.ts';
import type { AuditStore } from './response-store.ts';
import { runAction } from './actions.ts';
import { auditOf } from './audit-entry.ts';
import { Executor } from './executor.ts';
import type { ExecutorOptions } from './executor.ts';
import { transition } from './machine.ts';
import type { ResponseEvent } from './machine.ts';
import type { ActionOutcome } from './outcome.ts';
import type { Response, ResponseAction, ResponseTarget } from './response.ts';

/**
 * Proposes, approves and rejects responses; the executor carries them out. A proposal is an entry
 * in the store and nothing else. Proposing twice (a crash between proposal and correlation) is one
 * proposal, because its id is made of what it is about.
 */
const EXPIRY_CHECK_MS = 10_000;
const EXPIRED_PER_CHECK = 200;

export type Proposal = {
  readonly action: ResponseAction;
  readonly target: ResponseTarget;
  readonly graceSeconds: number;
  readonly incidentId: string;
  readonly alertId: string;
  readonly by: string;
};

export type Proposed =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly reason: 'protected-namespace' }
  | { readonly ok: false; readonly reason: 'exists'; readonly id: string };

export type Changed =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly reason: 'not-found' | 'wrong-state' | 'expired' };

export type DryRun =
  | { readonly ok: true; readonly outcome: ActionOutcome }
  | { readonly ok: false; readonly reason: 'not-found' | 'no-cluster' | 'protected-namespace' };

export type ResponderOptions = Omit<ExecutorOptions, 'store'> & {
  readonly store: ExecutorOptions['store'] & AuditStore;
  readonly newId: () => string;
  readonly onDecided: (reason: NothingReason | 'propose' | 'act') => void;
};

export class Responder {
  readonly #options: ResponderOptions;
  readonly #executor: Executor;
  #cancelExpiry: () => void = () => undefined;
  #expiring: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: ResponderOptions) {
    this.#options = options;
    this.#executor = new Executor(options);
  }

  start(): void {
    this.#executor.wake();
    this.#watchExpiry();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelExpiry();
    await this.#expiring;
    await this.#executor.stop();
  }

  /** What the policy wants for an alert of an incident; safe to call again for the same alert. */
  async consider(incident: Incident, alert: Alert): Promise<void> {
    const { policy, onDecided } = this.#options;
    const decision = decide(policy, incident, alert);
    onDecided(decision.kind === 'nothing' ? decision.reason : decision.mode);
    if (decision.kind === 'nothing') return;
    const { action, graceSeconds, name } = decision.rule;
    const { cluster, namespace, pod, podUid, node } = alert;
    const proposed = await this.#insert({
      action,
      graceSeconds,
      target: { cluster, namespace, pod, podUid, node },
      incidentId: incident.id,
      alertId: alert.id,
      by: `policy:${name}`,
    }, policyId(action, podUid, incident.id), name);
    const id = proposed.ok ? proposed.response.id : proposed.reason === 'exists' && proposed.id;
    // Also when it exists: a crash may have come between the proposal and its approval.
    if (decision.mode === 'act' && id) await this.approve(id, `policy:${name}`);
  }

  propose(proposal: Proposal): Promise<Proposed> {
    return this.#insert(proposal, `response-${this.#options.newId()}`, '');
  }

  async approve(id: string, by: string): Promise<Changed> {
    const changed = await this.#change(id, { kind: 'approve', by }, by);
    if (changed.ok) this.#executor.wake();
    return changed;
  }

  reject(id: string, by: string): Promise<Changed> {
    return this.#change(id, { kind: 'reject', by }, by);
  }

  /** Asks the API server what would happen; the response itself does not change. */
  async dryRun(id: string, by: string): Promise<DryRun> {
    const response = await this.#options.store.readResponse(id);
    return response === undefined
      ? { ok: false, reason: 'not-found' }
      : this.#dryRun(response, by);
  }

  dryRunProposal(proposal: Proposal): Promise<DryRun> {
    const id = `dry-run-${this.#options.newId()}`;
    return this.#dryRun(this.#make(proposal, id, ''), proposal.by);
  }

  async #dryRun(response: Response, by: string): Promise<DryRun> {
    const { kube, policy, store, clock } = this.#options;
    if (response.action !== 'release' && isProtected(policy, response.target.namespace)) {
      return { ok: false, reason: 'protected-namespace' };
    }
    if (kube === undefined) return { ok: false, reason: 'no-cluster' };
    const entry = auditOf(response, { kind: 'propose' }, { actor: by, atMs: clock.now() });
    await store.appendAudit({ ...entry, action: 'response.dry-run' });
    return {
      ok: true,
      outcome: await runAction(response, { kube, dryRun: true, isAgain: false }),
    };
  }

  async #insert(proposal: Proposal, id: string, rule: string): Promise<Proposed> {
    const { store, policy, clock } = this.#options;
    const { action, target, by } = proposal;
    if (action !== 'release' && isProtected(policy, target.namespace)) {
      return { ok: false, reason: 'protected-namespace' };
    }
    const live = (await store.liveResponses(target.podUid)).find((other) =>
      other.action === action && !(action === 'release' && other.state === 'verified'));
    if (live !== undefined) return { ok: false, reason: 'exists', id: live.id };
    const response = this.#make(proposal, id, rule);
    const audit = auditOf(response, { kind: 'propose' }, { actor: by, atMs: clock.now() });
    return await store.insertResponse(response, audit)
      ? { ok: true, response }
      : { ok: false, reason: 'exists', id };
  }

  #make(proposal: Proposal, id: string, rule: string): Response {
    const nowMs = this.#options.clock.now();
    return {
      id,
      revision: 1,
      action: proposal.action,
      target: proposal.target,
      graceSeconds: proposal.graceSeconds,
      state: 'proposed',
      reason: '',
      detail: '',
      warnings: [],
      incidentId: proposal.incidentId,
      alertId: proposal.alertId,
      rule,
      proposedBy: proposal.by,
      approvedBy: '',
      attempts: 0,
      proposedAtMs: nowMs,
      updatedAtMs: nowMs,
      executedAtMs: 0,
      expiresAtMs: nowMs + this.#options.policy.approvalSeconds * 1_000,
    };
  }

  async #change(id: string, event: ResponseEvent, by: string): Promise<Changed> {
    const { store, clock } = this.#options;
    const response = await store.readResponse(id);
    if (response === undefined) return { ok: false, reason: 'not-found' };
    const next = transition(response, event, clock.now());
    if (!next.ok) return next;
    const audit = auditOf(next.response, event, { actor: by, atMs: clock.now() });
    // Somebody changed it since it was read: whatever they did, this event was for the old state.
    return await store.updateResponse(next.response, audit)
      ? next
      : { ok: false, reason: 'wrong-state' };
  }

  #watchExpiry(): void {
    const { clock, log } = this.#options;
    this.#cancelExpiry = clock.after(EXPIRY_CHECK_MS, () => {
      this.#expiring = this.#expire()
        .catch((error: unknown) => {
          log.error({ err: error }, 'proposals could not be expired, trying again');
        })
        .finally(() => {
          if (!this.#isStopped) this.#watchExpiry();
        });
    });
  }

  async #expire(): Promise<void> {
    const { store, clock } = this.#options;
    for (const response of await store.responsesInState('proposed', EXPIRED_PER_CHECK)) {
      if (clock.now() < response.expiresAtMs) continue;
      await this.#change(response.id, { kind: 'expire' }, 'collector');
    }
  }
}

const policyId = (action: string, podUid: string, incidentId: string): string =>
  `response-${
    createHash('sha256').update(JSON.stringify([action, podUid, incidentId])).digest('hex')
      .slice(0, 24)
  }`;
