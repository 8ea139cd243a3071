import type { StatusObject } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import type { EndReason } from './reconnect.ts';
import { detailText } from './text.ts';

/** grpc-js' own words when a length prefix is above the receive limit. */
const TOO_LARGE = 'larger than max';

export const endReason = ({ code, details }: Pick<StatusObject, 'code' | 'details'>): EndReason => {
  switch (code) {
    case status.OK:
      return 'ok';
    case status.UNAVAILABLE:
      return 'unavailable';
    case status.UNIMPLEMENTED:
      return 'unimplemented';
    case status.RESOURCE_EXHAUSTED:
      // A server's own quota has the same code and nothing to do with an event.
      return details.includes(TOO_LARGE) ? 'message-too-large' : 'failed';
    case status.DEADLINE_EXCEEDED:
      return 'stalled';
    default:
      return 'failed';
  }
};

export const endDetail = ({ code, details }: Pick<StatusObject, 'code' | 'details'>): string =>
  detailText(`${status[code] ?? code}${details === '' ? '' : `: ${details}`}`);
