/**
 * The link as grpc-js sees it. Both directions carry raw bytes, and the link code calls
 * `encode…Frame` and `decode…Frame` itself: an exception in a grpc-js deserialiser ends the stream
 * with status 13, so one frame that this version cannot read would cost the connection and, sent
 * again after the reconnect, the next one too. With bytes the reader decides: count it, answer it,
 * or end the stream with a reason.
 */
import type {
  CallOptions,
  ClientDuplexStream,
  handleBidiStreamingCall,
  Metadata,
  ServiceDefinition,
} from '@grpc/grpc-js';
import { Client } from '@grpc/grpc-js';

const pass = (bytes: Buffer): Buffer => bytes;

const link = {
  path: '/lanner.v1.Fleet/Link',
  requestStream: true,
  responseStream: true,
  requestSerialize: pass,
  requestDeserialize: pass,
  responseSerialize: pass,
  responseDeserialize: pass,
} as const;

/** Takes what `encodeAgentFrame` makes and gives what `decodeCollectorFrame` reads. */
export type AgentLinkStream = ClientDuplexStream<Buffer, Buffer>;

export type FleetImplementation = { readonly link: handleBidiStreamingCall<Buffer, Buffer> };

export const fleetService = { link } satisfies ServiceDefinition<FleetImplementation>;

export class FleetClient extends Client {
  link(metadata: Metadata, options: CallOptions = {}): AgentLinkStream {
    return this.makeBidiStreamRequest(link.path, pass, pass, metadata, options);
  }
}
