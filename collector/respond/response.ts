/** A response as stored: what is to be done to one pod, and how far it has come. */
export const responseActions = ['kill', 'isolate', 'label', 'release'] as const;
export type ResponseAction = (typeof responseActions)[number];

export const responseStates = [
  'proposed',
  'approved',
  'executing',
  'verified',
  'failed',
  'not-executed',
  'rejected',
  'reversed',
  'expired',
] as const;
export type ResponseState = (typeof responseStates)[number];

/** Why an action was not begun or did not succeed; closed, so that it can be a metric's label. */
export type ResponseReason =
  | ''
  | 'no-cluster'
  | 'protected-namespace'
  | 'budget'
  | 'pod-gone'
  | 'pod-replaced'
  | 'host-network'
  | 'not-isolated'
  | 'foreign-policy'
  | 'forbidden'
  | 'too-many-requests'
  | 'unavailable'
  | 'invalid'
  | 'not-verified';

export type ResponseTarget = {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  /** The one incarnation of the pod that is meant. Never empty. */
  readonly podUid: string;
  readonly node: string;
};

export type Response = {
  readonly id: string;
  /** Grows with every stored step; the store writes only over the revision that was read. */
  readonly revision: number;
  readonly action: ResponseAction;
  readonly target: ResponseTarget;
  readonly graceSeconds: number;
  readonly state: ResponseState;
  readonly reason: ResponseReason;
  /** In words, for a person; may hold text of the Kubernetes API. */
  readonly detail: string;
  readonly warnings: readonly string[];
  readonly incidentId: string;
  readonly alertId: string;
  /** The policy rule that proposed it; empty when a person did. */
  readonly rule: string;
  readonly proposedBy: string;
  readonly approvedBy: string;
  readonly attempts: number;
  readonly proposedAtMs: number;
  readonly updatedAtMs: number;
  /** When execution began; 0 before. Counts for the budget. */
  readonly executedAtMs: number;
  /** An approval that nobody gives by then is void. */
  readonly expiresAtMs: number;
};
