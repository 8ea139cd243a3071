import { status } from '@grpc/grpc-js';
import type { GrpcEnd } from './grpc-end.ts';
import type { EndReason } from './reconnect.ts';
import { detailText } from './text.ts';

const reasons = new Map<status, EndReason>([
  [status.OK, 'ok'],
  [status.UNAVAILABLE, 'unavailable'],
  [status.UNIMPLEMENTED, 'unimplemented'],
  [status.DEADLINE_EXCEEDED, 'stalled'],
]);

/** A server's own quota has the code of a message that is too large, and nothing to do with one. */
export const endReason = ({ code, fault }: GrpcEnd): EndReason =>
  fault === 'too-large' ? 'message-too-large' : (reasons.get(code) ?? 'failed');

export const endDetail = ({ code, details }: GrpcEnd): string =>
  detailText(`${status[code]}${details === '' ? '' : `: ${details}`}`);
