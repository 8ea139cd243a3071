import { policyActions } from '../policy/policy.ts';
import type { PolicyAction, policyEvidence } from '../policy/policy.ts';

/** A response as stored: what is to be done to one pod, and how far it has come. */
export const containments = policyActions;
export type Containment = PolicyAction;

/** The ways back. They have no limits and go on while responses are paused. */
export const reversals = ['release', 'thaw', 'uncordon', 'scale-back'] as const;
export type Reversal = (typeof reversals)[number];

export type ResponseAction = Containment | Reversal;

export const isReversal = (action: ResponseAction): action is Reversal =>
  (reversals as readonly string[]).includes(action);

export const responseStates = [
  'proposed',
  'approved',
  'collecting-evidence',
  'executing',
  'verifying',
  'verified',
  'not-effective',
  'failed',
  'not-executed',
  'rejected',
  'reversed',
  'expired',
] as const;
export type ResponseState = (typeof responseStates)[number];

/** Why an action was not begun or did not succeed; closed, so that it can be a metric's label. */
export const responseReasons = [
  '',
  'no-cluster',
  'other-cluster',
  'no-agent',
  'agent-refused',
  'agent-failed',
  'paused',
  'protected-namespace',
  'protected-label',
  'protected-kind',
  'not-enabled',
  'budget',
  'min-healthy',
  'kill-loop',
  'evidence',
  'pod-gone',
  'pod-replaced',
  'pod-moved',
  'host-network',
  'no-process',
  'no-controller',
  'nothing-to-reverse',
  'already',
  'foreign-policy',
  'forbidden',
  'too-many-requests',
  'unavailable',
  'too-large',
  'invalid',
  'not-verified',
  'activity',
] as const;
export type ResponseReason = (typeof responseReasons)[number];

export type TargetProcess = {
  readonly pid: number;
  /** When it was seen, RFC 3339: one that started later has only inherited the pid. */
  readonly observedAt: string;
  readonly name: string;
};

export type ResponseTarget = {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  /** The one incarnation of the pod that is meant. Never empty. */
  readonly podUid: string;
  readonly node: string;
  /** The container the alert is about; empty when nobody said. */
  readonly containerId: string;
  /** As the agent names it; empty when nobody said. */
  readonly workload: string;
  readonly process: TargetProcess | null;
};

export type EvidenceMode = (typeof policyEvidence)[number];

/** One thing that was looked at before the action; `problem` says why it is not there. */
export type EvidenceItem = {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly problem: string;
};

/** What an execution needs to know to be taken back; stored before the call that changes it. */
export type UndoRecord =
  | { readonly kind: 'none' }
  | {
    readonly kind: 'scale';
    readonly controller: {
      readonly kind: 'Deployment' | 'StatefulSet';
      readonly name: string;
      readonly uid: string;
    };
    readonly replicas: number;
  }
  | { readonly kind: 'node'; readonly name: string; readonly uid: string };

/** How it is to be done; fixed when it is proposed, so that what is approved is what happens. */
export type ResponseTerms = {
  readonly graceSeconds: number;
  /** Reversed by itself after this long in effect; 0 for never. */
  readonly ttlSeconds: number;
  /** How long the agent watches the pod afterwards; 0 for not at all. */
  readonly watchSeconds: number;
  readonly evidence: EvidenceMode;
  readonly fourEyes: boolean;
  /** What comes next when the agent sees that it was not effective, in this order. */
  readonly fallback: readonly Containment[];
  /** The next of `fallback` is approved by the policy as this one was. */
  readonly isAutomatic: boolean;
  /** The one guardrail that people may set aside, with four eyes: the last healthy replica. */
  readonly acceptsOutage: boolean;
};

export type Response = {
  readonly id: string;
  /** Grows with every stored step; the store writes only over the revision that was read. */
  readonly revision: number;
  readonly action: ResponseAction;
  readonly target: ResponseTarget;
  readonly terms: ResponseTerms;
  readonly state: ResponseState;
  readonly reason: ResponseReason;
  /** In words, for a person; may hold text of the Kubernetes API. */
  readonly detail: string;
  readonly warnings: readonly string[];
  readonly why: string;
  readonly incidentId: string;
  readonly alertId: string;
  /** The policy rule that proposed it; empty when a person did. */
  readonly rule: string;
  /** Which policy was in force: a hash of its text. */
  readonly policyHash: string;
  readonly proposedBy: string;
  /** Who approved, in order; four eyes need more than one person. */
  readonly approvals: readonly string[];
  /** The response that this one takes back; empty for containments. */
  readonly reverses: string;
  /** `channel: value` of what the pod showed, bounded: how a kill loop is seen. */
  readonly behaviours: readonly string[];
  readonly evidence: readonly EvidenceItem[];
  readonly undo: UndoRecord;
  readonly attempts: number;
  readonly proposedAtMs: number;
  readonly updatedAtMs: number;
  /** When execution began; 0 before. Counts for the limits. */
  readonly executedAtMs: number;
  /** When the agent's watch ends; 0 without one. */
  readonly watchEndsAtMs: number;
  /** When it is reversed by itself; 0 for never or not in effect. */
  readonly reverseAtMs: number;
  /** An approval that nobody gives by then is void. */
  readonly expiresAtMs: number;
};

export const RESPONSE_BEHAVIOURS_MAX = 8;
