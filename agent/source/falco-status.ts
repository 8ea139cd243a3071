import type { StatusObject } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import type { EndReason } from './reconnect.ts';
import { detailText } from './text.ts';

/** grpc-js' own words when a length prefix is above the receive limit. */
const TOO_LARGE = 'larger than max';

const reasons = new Map<status, EndReason>([
  [status.OK, 'ok'],
  [status.UNAVAILABLE, 'unavailable'],
  [status.UNIMPLEMENTED, 'unimplemented'],
  [status.DEADLINE_EXCEEDED, 'stalled'],
]);

export const endReason = ({ code, details }: Pick<StatusObject, 'code' | 'details'>): EndReason => {
  // A server's own quota has the same code and nothing to do with an event.
  if (code === status.RESOURCE_EXHAUSTED && details.includes(TOO_LARGE)) return 'message-too-large';
  return reasons.get(code) ?? 'failed';
};

/** grpc-js appends this to every failed connection, and nothing after it. */
const EMPTY_NOTE = /\s*Resolution note:\s*$/;

export const endDetail = ({ code, details }: Pick<StatusObject, 'code' | 'details'>): string => {
  const said = details.replace(EMPTY_NOTE, '');
  return detailText(`${status[code] ?? code}${said === '' ? '' : `: ${said}`}`);
};
