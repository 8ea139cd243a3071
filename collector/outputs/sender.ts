import type { Notice } from './notice.ts';

/** What each way out does; the pump knows nothing else of it. */
export const failureClasses = [
  'connect',
  'timeout',
  'tls',
  'secret',
  'http-3xx',
  'http-4xx',
  'http-429',
  'http-5xx',
  'protocol',
  'rejected',
  'too-large',
  'format',
] as const;
export type FailureClass = (typeof failureClasses)[number];

export type Failure = {
  /** `permanent`: this record, as it is, will never be taken. */
  readonly kind: 'transient' | 'permanent';
  readonly class: FailureClass;
  /** For people; no secret, no control character, bounded. */
  readonly detail: string;
  readonly retryAfterMs?: number;
  /** The records went out together, and any of them may be the one. */
  readonly isShared?: boolean;
};

/** Undefined: the receiver has it. */
export type Delivery = Failure | undefined;

export type Sender = {
  /** At most so many in one call. */
  readonly noticesMax: number;
  /** One outcome for each, in order. Rejects only for a broken invariant. */
  send(notices: readonly Notice[], signal: AbortSignal): Promise<readonly Delivery[]>;
  /** What is still open is sent again so often; undefined for never. */
  readonly refreshMs?: number;
  close(): Promise<void>;
};
