import { createHash } from 'node:crypto';

import type { Alert } from '../../baseline/alert.ts';
import type { Incident } from '../incident/incident.ts';
import { decide, needsLabels } from '../policy/decide.ts';
import type { NothingReason } from '../policy/decide.ts';
import { actions } from './actions/all.ts';
import { auditOf } from './audit-entry.ts';
import { escalatedResponseId } from './escalation.ts';
import type { Escalation, EscalationAlerts } from './escalation.ts';
import type { ExecutionOptions } from './execution.ts';
import { Executor } from './executor.ts';
import { Expiry, reversalOf } from './expiry.ts';
import { FollowUp } from './follow-up.ts';
import { policyActor } from './four-eyes.ts';
import { guard, ofOtherCluster, refusedByPolicy } from './guardrails.ts';
import type { ActionOutcome } from './outcome.ts';
import { PauseSwitch } from './pause.ts';
import type { Pause } from './pause.ts';
import { PodLabelReader } from './pod-labels.ts';
import { Proposals } from './proposals.ts';
import type { Changed, Proposal, Proposed } from './proposals.ts';
import { isReversal } from './response.ts';
import type { Response, ResponseAction, ResponseTarget } from './response.ts';
import type { AuditStore, SettingStore } from './response-store.ts';
import { behavioursOf, targetOf } from './target.ts';
import { termsOfPerson, termsOfRule } from './terms.ts';
import type { PersonTerms } from './terms.ts';

/**
 * The face of this room: what the policy wants for an alert, what people propose, approve, reject,
 * try and pause. A proposal is an entry in the store and nothing else. Proposing twice (a crash
 * between proposal and correlation) is one proposal, because its id is made of what it is about.
 */
export type PersonProposal = {
  readonly action: ResponseAction;
  readonly target: ResponseTarget;
  readonly terms: PersonTerms;
  readonly incidentId: string;
  readonly alertId: string;
  readonly behaviours: readonly string[];
  readonly by: string;
  readonly why: string;
};

export type DryRun =
  | { readonly ok: true; readonly outcome: ActionOutcome; readonly response: Response }
  | { readonly ok: false; readonly reason: 'not-found' | 'no-cluster' };

export type Undone = Proposed | { readonly ok: false; readonly reason: 'not-found' | 'no-way-back' };

export type ResponderOptions = Omit<ExecutionOptions, 'pause' | 'followUp' | 'store'> & {
  readonly store: ExecutionOptions['store'] & AuditStore & SettingStore;
  readonly alerts: EscalationAlerts;
  readonly newId: () => string;
  readonly onDecided: (reason: NothingReason | 'propose' | 'act' | 'other-cluster') => void;
  readonly onEscalated: (kind: Escalation) => void;
  /** False while another replica executes and expires; wake this one when that changes. */
  readonly mayExecute?: () => boolean;
};

/** Alerts of other clusters that were refused and are remembered. */
const REFUSED_ALERTS_MAX = 10_000;

export class Responder {
  readonly #options: ResponderOptions;
  readonly #proposals: Proposals;
  readonly #executor: Executor;
  readonly #expiry: Expiry;
  readonly #pause: PauseSwitch;
  readonly #labels: PodLabelReader;
  readonly #refusedAlerts = new Set<string>();

  constructor(options: ResponderOptions) {
    const proposals = new Proposals({ ...options, hasCluster: options.kube !== undefined });
    const pause = new PauseSwitch(options);
    const followUp = new FollowUp({ ...options, proposals, pause });
    this.#options = options;
    this.#proposals = proposals;
    this.#pause = pause;
    this.#labels = new PodLabelReader(options);
    this.#executor = new Executor({ ...options, pause, followUp });
    const onApproved = (): void => this.#executor.wake();
    this.#expiry = new Expiry({ ...options, proposals, onApproved });
  }

  start(): void {
    this.#executor.wake();
    this.#expiry.start();
  }

  /** Something may have been approved here or by another replica, or it is our turn now. */
  wake(): void {
    this.#executor.wake();
  }

  async stop(): Promise<void> {
    await this.#expiry.stop();
    await this.#executor.stop();
  }

  /** What the policy wants for an alert of an incident; safe to call again for the same alert. */
  async consider(incident: Incident, alert: Alert): Promise<void> {
    const { policy, onDecided } = this.#options;
    if (await this.#isOwn(alert)) return;
    const { policy: rules } = policy();
    const isElsewhere = await this.#isElsewhere(alert.cluster);
    const mayRead = !isElsewhere && needsLabels(rules, incident, alert);
    const labels = mayRead ? await this.#labels.of(alert) : undefined;
    const decision = decide(rules, incident, alert, labels);
    const target = targetOf(alert);
    if (decision.kind !== 'nothing' && isElsewhere) {
      await this.#refuseElsewhere(alert, policyActor(decision.rule.name));
      return;
    }
    onDecided(decision.kind === 'nothing' ? decision.reason : decision.mode);
    if (decision.kind === 'nothing' || target === undefined) return;
    const { rule, mode } = decision;
    const { action, name } = rule;
    const by = policyActor(name);
    const terms = termsOfRule(rule, rules);
    // One transaction instead of two: it is the way of every automatic response.
    const isAtOnce = mode === 'act' && !(await this.#pause.read()).isPaused;
    const proposed = await this.#proposals.insert({
      action,
      target,
      terms: { ...terms, isAutomatic: mode === 'act' },
      incidentId: incident.id,
      alertId: alert.id,
      behaviours: behavioursOf(alert),
      by,
      why: alert.reason.en,
      rule: name,
      reverses: '',
      undo: { kind: 'none' },
    }, policyId(action, alert.podUid, incident.id), isAtOnce ? by : undefined);
    if (mode !== 'act') return;
    if (proposed.ok && proposed.response.state === 'approved') {
      this.#executor.wake();
      return;
    }
    // Also when it exists: a crash may have come between the proposal and its approval.
    const id = proposed.ok ? proposed.response.id : 'id' in proposed ? proposed.id : '';
    await this.#approveByPolicy(id, by);
  }

  async #isElsewhere(cluster: string): Promise<boolean> {
    const { kube, isOwnCluster } = this.#options;
    return kube !== undefined && !await isOwnCluster(cluster);
  }

  /** An alert grows many times: it is in the audit once, for as long as that is remembered. */
  async #refuseElsewhere({ id, cluster }: Alert, by: string): Promise<void> {
    this.#options.onDecided('other-cluster');
    if (this.#refusedAlerts.has(id)) return;
    if (this.#refusedAlerts.size >= REFUSED_ALERTS_MAX) this.#refusedAlerts.clear();
    this.#refusedAlerts.add(id);
    const { reason } = ofOtherCluster(cluster);
    await this.#proposals.noteRefusal(id, { step: 'propose', reason }, by);
  }

  /** An alert grows many times: what is decided, or held by the stop button, is no news then. */
  async #approveByPolicy(id: string, by: string): Promise<void> {
    const response = id === '' ? undefined : await this.#options.store.readResponse(id);
    if (response?.state !== 'proposed' || response.rule === '') return;
    if ((await this.#pause.read()).isPaused) return;
    await this.approve(id, by);
  }

  propose(proposal: PersonProposal): Promise<Proposed> {
    return this.#proposals.insert(
      this.#ofPerson(proposal),
      `response-${this.#options.newId()}`,
    );
  }

  async approve(id: string, by: string): Promise<Changed> {
    const response = await this.#options.store.readResponse(id);
    const isHeld = response !== undefined && !isReversal(response.action) &&
      (await this.#pause.read()).isPaused;
    if (isHeld) {
      await this.#proposals.noteRefusal(id, { step: 'approve', reason: 'paused' }, by);
      return { ok: false, reason: 'paused' };
    }
    const changed = await this.#proposals.change(id, { kind: 'approve', by }, by);
    if (changed.ok) this.#executor.wake();
    return changed;
  }

  reject(id: string, by: string): Promise<Changed> {
    return this.#proposals.change(id, { kind: 'reject', by }, by);
  }

  /** Proposes the way back of a response. */
  async undo(id: string, { by, why }: { by: string; why: string }): Promise<Undone> {
    const response = await this.#options.store.readResponse(id);
    if (response === undefined) return { ok: false, reason: 'not-found' };
    const { reversal } = actions[response.action];
    const isInEffect = ['verifying', 'verified', 'not-effective'].includes(response.state);
    if (reversal === null || !isInEffect) return { ok: false, reason: 'no-way-back' };
    const proposal = { ...reversalOf(response), action: reversal, by, why };
    return this.#proposals.insert(proposal, `response-${this.#options.newId()}`);
  }

  pauseState(): Promise<Pause> {
    return this.#pause.read();
  }

  /** The stop button; false when somebody else pressed it at the same moment. */
  setPaused(isPaused: boolean, who: { by: string; why: string }): Promise<boolean> {
    return this.#pause.set(isPaused, who);
  }

  /** Asks what would happen, guardrails included; the response itself does not change. */
  async dryRun(id: string, by: string): Promise<DryRun> {
    const response = await this.#options.store.readResponse(id);
    return response === undefined
      ? { ok: false, reason: 'not-found' }
      : this.#dryRun(response, by);
  }

  dryRunProposal(proposal: PersonProposal): Promise<DryRun> {
    const id = `dry-run-${this.#options.newId()}`;
    return this.#dryRun(this.#proposals.make(this.#ofPerson(proposal), id), proposal.by);
  }

  #ofPerson({ terms, ...proposal }: PersonProposal): Proposal {
    const { policy } = this.#options.policy();
    return {
      ...proposal,
      terms: termsOfPerson(proposal.action, terms, policy),
      rule: '',
      reverses: '',
      undo: { kind: 'none' },
    };
  }

  async #dryRun(response: Response, by: string): Promise<DryRun> {
    const { kube, store, clock } = this.#options;
    const nowMs = clock.now();
    const { policy } = this.#options.policy();
    const early = isReversal(response.action)
      ? undefined
      : refusedByPolicy(response.action, response.target.namespace, policy);
    if (early !== undefined) return { ok: true, outcome: early, response };
    if (await this.#isElsewhere(response.target.cluster)) {
      return { ok: true, outcome: ofOtherCluster(response.target.cluster), response };
    }
    if (kube === undefined) return { ok: false, reason: 'no-cluster' };
    const entry = auditOf(response, { kind: 'propose' }, { actor: by, atMs: nowMs });
    await store.appendAudit({ ...entry, action: 'response.dry-run' });
    if (!isReversal(response.action)) {
      const guarded = await guard(response, { kube, store, policy, nowMs });
      if (!guarded.ok) return { ok: true, outcome: guarded.outcome, response };
    }
    const { agents } = this.#options;
    const { forensicsNamespace } = policy;
    const context = { kube, agents, clock, forensicsNamespace, dryRun: true, isAgain: false };
    const action = actions[response.action];
    const undo = response.undo.kind === 'none' ? await action.undo?.(response, context) : undefined;
    if (undo?.ok === false) return { ok: true, outcome: undo.outcome, response };
    const tried = undo === undefined ? response : { ...response, undo: undo.undo };
    return { ok: true, outcome: await action.run(tried, context), response };
  }

  /** An agent that makes up such an id would have to know a response's. */
  async #isOwn(alert: Alert): Promise<boolean> {
    const id = escalatedResponseId(alert.id);
    return id !== undefined && await this.#options.store.readResponse(id) !== undefined;
  }
}

const policyId = (action: string, podUid: string, incidentId: string): string =>
  `response-${
    createHash('sha256').update(JSON.stringify([action, podUid, incidentId])).digest('hex')
      .slice(0, 24)
  }`;
