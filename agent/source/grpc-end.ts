/**
 * How a gRPC call ended, from what HTTP/2 says: trailers, the status of a server that is none of
 * gRPC's, a reset, a connection that is gone. The tables are those of gRPC's HTTP/2 mapping.
 */
import { constants } from 'node:http2';
import type { IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { status } from '@grpc/grpc-js';
import type { FrameFault } from './grpc-frames.ts';

export type GrpcEnd = {
  readonly code: status;
  readonly details: string;
  /** Why we ended it ourselves. */
  readonly fault?: FrameFault;
};

const HTTP_OK = 200;
const byHttpStatus = new Map<number, status>([
  [400, status.INTERNAL],
  [401, status.UNAUTHENTICATED],
  [403, status.PERMISSION_DENIED],
  [404, status.UNIMPLEMENTED],
  [429, status.UNAVAILABLE],
  [502, status.UNAVAILABLE],
  [503, status.UNAVAILABLE],
  [504, status.UNAVAILABLE],
]);

const byReset = new Map<number, status>([
  [constants.NGHTTP2_REFUSED_STREAM, status.UNAVAILABLE],
  [constants.NGHTTP2_CANCEL, status.CANCELLED],
  [constants.NGHTTP2_ENHANCE_YOUR_CALM, status.RESOURCE_EXHAUSTED],
  [constants.NGHTTP2_INADEQUATE_SECURITY, status.PERMISSION_DENIED],
]);

/** Of headers or trailers; null where they say nothing of an end. */
export const endInHeaders = (headers: IncomingHttpHeaders): GrpcEnd | null => {
  const said = headers['grpc-status'];
  if (said === undefined) return null;
  const code = /^\d{1,2}$/.test(String(said)) ? Number(said) : status.UNKNOWN;
  const isKnown = status[code] !== undefined;
  const details = percentDecoded(String(headers['grpc-message'] ?? ''));
  return { code: isKnown ? code : status.UNKNOWN, details };
};

/** Null for an answer that goes on. */
export const endOfResponse = (
  headers: IncomingHttpHeaders & IncomingHttpStatusHeader,
): GrpcEnd | null => {
  const http = headers[':status'] ?? 0;
  if (http === HTTP_OK) return endInHeaders(headers);
  const code = byHttpStatus.get(http) ?? status.UNKNOWN;
  return endInHeaders(headers) ?? { code, details: `HTTP status ${http}` };
};

export const endOfReset = (rstCode: number): GrpcEnd => {
  if (rstCode === constants.NGHTTP2_NO_ERROR) {
    return { code: status.UNKNOWN, details: 'the stream ended without a status' };
  }
  const code = byReset.get(rstCode) ?? status.INTERNAL;
  return { code, details: `the stream was reset with HTTP/2 code ${rstCode}` };
};

/** What no answer of a server can be the reason of: no socket, no permission, no certificate. */
export const endOfConnection = (error: Error | null): GrpcEnd => ({
  code: status.UNAVAILABLE,
  details: error === null ? 'the connection was closed' : error.message,
});

export const endOfFault = (fault: FrameFault): GrpcEnd => {
  if (fault === 'too-large') {
    return { code: status.RESOURCE_EXHAUSTED, details: 'a message above the receive limit', fault };
  }
  return { code: status.INTERNAL, details: 'a compressed message, which nobody asked for', fault };
};

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A server that does not encode: its words as they are.
    return text;
  }
}
