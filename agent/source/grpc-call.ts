/**
 * One gRPC call over an HTTP/2 stream: messages until an end, and exactly one end, whatever happens
 * first of trailers, a reset, a deadline, a message that is refused, a connection that breaks.
 * It always reads.
 */
import { constants } from 'node:http2';
import type { ClientHttp2Stream, Http2Session } from 'node:http2';
import { status } from '@grpc/grpc-js';
import type { Cancel, Clock } from './clock.ts';
import {
  endInHeaders, endOfConnection, endOfFault, endOfReset, endOfResponse,
} from './grpc-end.ts';
import type { GrpcEnd } from './grpc-end.ts';
import { GrpcFrames, PREFIX_BYTES } from './grpc-frames.ts';
import type { OnMessage } from './grpc-frames.ts';

/** A message without content: all that Falco is ever sent. */
const EMPTY_MESSAGE = Buffer.alloc(PREFIX_BYTES);

export type CallSide = {
  readonly onMessage: OnMessage;
  readonly onEnd: (end: GrpcEnd) => void;
};

export type GrpcCallOptions = CallSide & {
  readonly stream: ClientHttp2Stream;
  readonly bytesMax: number;
  readonly clock: Clock;
  /** Null: as long as the peer likes. */
  readonly deadlineMs: number | null;
};

export class GrpcCall {
  readonly #stream: ClientHttp2Stream;
  /** A stream that is closed has let go of it. */
  readonly #session: Http2Session | undefined;
  readonly #frames: GrpcFrames;
  readonly #onEnd: (end: GrpcEnd) => void;
  /** What was said of the end before the stream ended. */
  #said: GrpcEnd | null = null;
  #error: Error | null = null;
  #isDeaf = false;
  #isEnded = false;
  readonly #cancelDeadline: Cancel;

  constructor({ stream, bytesMax, clock, deadlineMs, onMessage, onEnd }: GrpcCallOptions) {
    this.#stream = stream;
    this.#session = stream.session;
    this.#frames = new GrpcFrames(bytesMax, onMessage);
    this.#onEnd = onEnd;
    this.#cancelDeadline = deadlineMs === null
      ? () => undefined
      : clock.after(deadlineMs, () => this.#giveUp({
          code: status.DEADLINE_EXCEEDED,
          details: `no answer in ${deadlineMs} ms`,
        }));
    stream.on('response', (headers) => {
      this.#said ??= endOfResponse(headers);
      // Another HTTP status is no gRPC: what its body says is nothing to us.
      this.#isDeaf ||= this.#said !== null;
    });
    stream.on('trailers', (headers) => {
      this.#said ??= endInHeaders(headers);
    });
    stream.on('data', (chunk: Buffer) => {
      if (this.#isDeaf) return;
      const fault = this.#frames.push(chunk);
      if (fault !== null) this.#giveUp(endOfFault(fault));
    });
    stream.on('end', () => {
      // The peer said all; our side stays open, so the stream does not close by itself.
      if (!stream.closed) this.#giveUp(endOfReset(constants.NGHTTP2_NO_ERROR));
    });
    stream.on('error', (error) => {
      this.#error ??= error;
    });
    stream.on('close', () => this.#closed());
  }

  /** With the flow control window full, what waits will do. */
  get isFull(): boolean {
    return this.#stream.writableNeedDrain;
  }

  request(): void {
    if (!this.#stream.destroyed && !this.#stream.closed) this.#stream.write(EMPTY_MESSAGE);
  }

  /** For a call that takes one request: `sub` would hang on it. */
  endWithRequest(): void {
    this.#stream.end(EMPTY_MESSAGE);
  }

  cancel(): void {
    this.#giveUp({ code: status.CANCELLED, details: 'cancelled' });
  }

  #giveUp(end: GrpcEnd): void {
    this.#said ??= end;
    this.#isDeaf = true;
    if (this.#stream.pending) this.#stream.destroy();
    else this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #closed(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelDeadline();
    this.#onEnd(this.#end());
  }

  #end(): GrpcEnd {
    const said = this.#said;
    if (said !== null) {
      const isCut = said.code === status.OK && this.#frames.isWithin;
      return isCut ? { code: status.INTERNAL, details: 'it ended within a message' } : said;
    }
    const session = this.#session;
    const cause = this.#error?.cause;
    if (session === undefined || session.destroyed || session.closed) {
      return endOfConnection(cause instanceof Error ? cause : this.#error);
    }
    return endOfReset(this.#stream.rstCode);
  }
}
