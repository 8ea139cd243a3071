/**
 * One connection to Falco's gRPC services, over Node's own HTTP/2: receiving Falco's stream costs a
 * quarter less than through grpc-js, and 360 bytes of garbage an event instead of 2,850. What a
 * general client has and a source of events on the same node does not need is not here: no name
 * resolution of its own, no retries, no pings (Falco's server answers frequent ones by closing the
 * connection), no interceptors, no compression.
 *
 * The first failure of the connection ends every call with UNAVAILABLE and what the system said; a
 * channel does not come back, its owner makes the next one.
 */
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { connect } from 'node:http2';
import type { Duplex } from 'node:stream';
import { RESPONSE_BYTES_MAX } from '../../proto/falco/response-reader.ts';
import { falcoOutputs, falcoVersioning } from '../../proto/falco/service.ts';
import type { Clock } from './clock.ts';
import type { CallSide } from './grpc-call.ts';
import { GrpcCall } from './grpc-call.ts';
import { endOfConnection } from './grpc-end.ts';
import type { GrpcEnd } from './grpc-end.ts';

/**
 * What Falco may send before it hears that it was read, some 250 events: enough for a pause of ours
 * of 100 ms at 2,500 events a second, and no more, because Falco has popped what is under way and a
 * crash of ours loses it. The cost of reading was the same with 64 KiB and with 1 MiB.
 */
export const WINDOW_BYTES = 256 * 1_024;

export type FalcoChannelOptions = {
  readonly authority: string;
  readonly isTls: boolean;
  readonly open: () => Duplex;
  readonly clock: Clock;
};

/** A call that may be told to end; it ends as it was told to its `CallSide`. */
export type FalcoCall = { cancel(): void };
export type FalcoStream = FalcoCall & Pick<GrpcCall, 'isFull' | 'request'>;

export class FalcoChannel {
  readonly #clock: Clock;
  readonly #session: ClientHttp2Session;
  readonly #closed = Promise.withResolvers<void>();
  #failure: Error | null = null;

  constructor({ authority, isTls, open, clock }: FalcoChannelOptions) {
    this.#clock = clock;
    this.#session = connect(`${isTls ? 'https' : 'http'}://${authority}`, {
      createConnection: open,
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    });
    this.#session.on('connect', () => this.#session.setLocalWindowSize(WINDOW_BYTES));
    this.#session.on('error', (error) => {
      this.#failure ??= error;
    });
    this.#session.on('close', () => this.#closed.resolve());
  }

  version(deadlineMs: number, onAnswer: (end: GrpcEnd, bytes: Buffer) => void): FalcoCall {
    let answer: Buffer = NOTHING;
    return this.#ask(falcoVersioning.version.path, deadlineMs, {
      onMessage: (bytes, start, end) => {
        answer = Buffer.from(bytes.subarray(start, end));
      },
      onEnd: (end) => onAnswer(end, answer),
    });
  }

  get(deadlineMs: number, side: CallSide): FalcoCall {
    return this.#ask(falcoOutputs.get.path, deadlineMs, side);
  }

  /** Gives what is asked for; nothing is asked for yet. */
  sub(side: CallSide): FalcoStream {
    return this.#call(falcoOutputs.sub.path, null, side) ?? NO_STREAM;
  }

  /** Whatever state it is in; what is open ends. Resolves when the socket is gone. */
  close(): Promise<void> {
    this.#session.destroy();
    return this.#closed.promise;
  }

  /** One request, and no more of them. */
  #ask(path: string, deadlineMs: number, side: CallSide): FalcoCall {
    const call = this.#call(path, deadlineMs, side);
    call?.endWithRequest();
    return call ?? NO_STREAM;
  }

  #call(path: string, deadlineMs: number | null, side: CallSide): GrpcCall | null {
    const headers: OutgoingHttpHeaders = {
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    if (deadlineMs !== null) headers['grpc-timeout'] = `${deadlineMs}m`;
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(headers);
    } catch (error) {
      // It is closing: Falco said that it goes (GOAWAY), or the socket broke a moment ago.
      const failure = error instanceof Error ? error : null;
      this.#clock.soon(() => side.onEnd(endOfConnection(this.#failure ?? failure)));
      return null;
    }
    return new GrpcCall({ stream, bytesMax: RESPONSE_BYTES_MAX, clock: this.#clock, deadlineMs, ...side });
  }
}

const NOTHING = Buffer.alloc(0);
const NO_STREAM: FalcoStream = { isFull: true, request: () => undefined, cancel: () => undefined };
