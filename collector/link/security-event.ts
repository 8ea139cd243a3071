/** Somebody spoke as who they are not. Rare, and never an accident that goes away by itself. */
export const securityEventKinds = [
  /** A credential that is none of ours, or no longer. */
  'identity-refused',
  /** A good credential, and a hello for another node. */
  'wrong-node',
  'wrong-cluster',
  /** An alert that names a node which is not the link's. */
  'foreign-alert',
] as const;
export type SecurityEventKind = (typeof securityEventKinds)[number];

export type SecurityEvent = {
  readonly kind: SecurityEventKind;
  /** Address and port. */
  readonly peer: string;
  /** What the credential says; empty when there is none. */
  readonly identity: string;
  /** What was said, and by whom it is not. Both are the peer's text. */
  readonly cluster: string;
  readonly node: string;
  readonly detail: string;
};
