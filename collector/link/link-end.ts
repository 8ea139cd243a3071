import type { FrameErrorCode } from '../../proto/lanner/v1/frames.ts';
import type { SecurityEventKind } from './security-event.ts';

/** Why a frame or a link was not taken: closed sets, they are labels of metrics. */
export type LinkRefusal =
  | FrameErrorCode
  | SecurityEventKind
  | 'identity-unavailable'
  | 'no-hello'
  | 'second-hello'
  | 'protocol'
  | 'wrong-epoch'
  | 'too-many-links'
  | 'too-many-streams'
  | 'too-fast'
  | 'not-reading';

export type LinkEnd =
  | LinkRefusal
  | 'agent-left'
  | 'replaced'
  | 'credential-expired'
  | 'store'
  | 'stopping';
