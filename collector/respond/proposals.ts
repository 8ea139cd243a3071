import type { Clock } from '../clock.ts';
import type { LoadedPolicy } from '../policy/load-policy.ts';
import { auditOf, refusalOf } from './audit-entry.ts';
import { COLLECTOR_ACTOR } from './four-eyes.ts';
import { ofOtherCluster, refusedByPolicy } from './guardrails.ts';
import { transition } from './machine.ts';
import type { ResponseEvent, TransitionRefusal } from './machine.ts';
import { isReversal } from './response.ts';
import type {
  Response,
  ResponseAction,
  ResponseReason,
  ResponseTarget,
  ResponseTerms,
  UndoRecord,
} from './response.ts';
import type { AuditStore, ResponseStore } from './response-store.ts';

/** Makes proposals and takes them along the machine; every change and refusal is in the audit. */
export type Proposal = {
  readonly action: ResponseAction;
  readonly target: ResponseTarget;
  readonly terms: ResponseTerms;
  readonly incidentId: string;
  readonly alertId: string;
  readonly behaviours: readonly string[];
  readonly by: string;
  readonly why: string;
  readonly rule: string;
  /** The response that it takes back; empty for containments. */
  readonly reverses: string;
  readonly undo: UndoRecord;
};

export type Proposed =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly reason: 'exists'; readonly id: string }
  | { readonly ok: false; readonly reason: ResponseReason; readonly detail: string };

export type Changed =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly reason: 'not-found' | 'paused' | TransitionRefusal };

export type ProposalOptions = {
  readonly store: ResponseStore & AuditStore;
  readonly clock: Clock;
  readonly policy: () => LoadedPolicy;
  readonly hasCluster: boolean;
  /** Whether the Kubernetes client speaks to the cluster of that name. */
  readonly isOwnCluster: (cluster: string) => Promise<boolean>;
};

const NO_CLUSTER = 'the collector is connected to no cluster: this will be recorded, not executed';

export class Proposals {
  readonly #options: ProposalOptions;

  constructor(options: ProposalOptions) {
    this.#options = options;
  }

  /** `approvedBy`: with that approval in the same transaction, where it is possible. */
  async insert(proposal: Proposal, id: string, approvedBy?: string): Promise<Proposed> {
    const { store, clock } = this.#options;
    const { action, target, by } = proposal;
    const refused = await this.#refusal(proposal);
    if (refused !== undefined) {
      const { reason, detail } = refused;
      const about = { step: 'propose', reason, detail: { action, target } };
      await store.appendAudit(refusalOf(id, about, { actor: by, atMs: clock.now() }));
      return { ok: false, reason, detail };
    }
    const live = (await store.liveResponses(target.podUid))
      .find((other) => isSame(other, proposal));
    if (live !== undefined) return { ok: false, reason: 'exists', id: live.id };
    const made = this.make(proposal, id);
    const atMs = clock.now();
    const steps = [auditOf(made, { kind: 'propose' }, { actor: by, atMs })];
    const event = { kind: 'approve', by: approvedBy ?? '' } as const;
    const approved = approvedBy === undefined ? undefined : transition(made, event, atMs);
    const response = approved?.ok === true ? approved.response : made;
    if (approved?.ok === true) steps.push(auditOf(response, event, { actor: event.by, atMs }));
    return await store.insertResponse(response, ...steps)
      ? { ok: true, response }
      : { ok: false, reason: 'exists', id };
  }

  async #refusal({ action, target }: Proposal): Promise<ReturnType<typeof refusedByPolicy>> {
    const { policy, hasCluster, isOwnCluster } = this.#options;
    // Without a cluster it is recorded and not executed, whosever it is.
    if (hasCluster && !await isOwnCluster(target.cluster)) return ofOtherCluster(target.cluster);
    return isReversal(action)
      ? undefined
      : refusedByPolicy(action, target.namespace, policy().policy);
  }

  make(proposal: Proposal, id: string): Response {
    const { clock, policy, hasCluster } = this.#options;
    const { policy: { approvalSeconds }, hash } = policy();
    const { by, ...same } = proposal;
    const nowMs = clock.now();
    return {
      ...same,
      id,
      revision: 1,
      state: 'proposed',
      reason: '',
      detail: '',
      warnings: hasCluster ? [] : [NO_CLUSTER],
      policyHash: hash,
      proposedBy: by,
      approvals: [],
      evidence: [],
      attempts: 0,
      proposedAtMs: nowMs,
      updatedAtMs: nowMs,
      executedAtMs: 0,
      watchEndsAtMs: 0,
      reverseAtMs: 0,
      expiresAtMs: nowMs + approvalSeconds * 1_000,
    };
  }

  async change(id: string, event: ResponseEvent, by: string): Promise<Changed> {
    const { store, clock } = this.#options;
    const response = await store.readResponse(id);
    if (response === undefined) return { ok: false, reason: 'not-found' };
    const atMs = clock.now();
    const next = transition(response, event, atMs);
    if (!next.ok) {
      await this.noteRefusal(id, { step: event.kind, reason: next.reason }, by);
      return next;
    }
    const audit = auditOf(next.response, event, { actor: by, atMs });
    // Somebody changed it since it was read: whatever they did, this event was for the old state.
    return await store.updateResponse(next.response, audit)
      ? next
      : { ok: false, reason: 'wrong-state' };
  }

  noteRefusal(
    id: string,
    refused: { readonly step: string; readonly reason: string },
    by: string = COLLECTOR_ACTOR,
  ): Promise<void> {
    const { store, clock } = this.#options;
    return store.appendAudit(refusalOf(id, refused, { actor: by, atMs: clock.now() }));
  }
}

/** What has been reversed may be done again, and another process is another target. */
function isSame(other: Response, { action, target }: Proposal): boolean {
  if (other.action !== action) return false;
  // A uid claimed for another namespace fails at the cluster; it must not stand in the way here.
  if (other.target.namespace !== target.namespace) return false;
  if (isReversal(action) && other.state === 'verified') return false;
  return action !== 'kill-process' || other.target.process?.pid === target.process?.pid;
}
