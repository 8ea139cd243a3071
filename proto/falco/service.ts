/**
 * Falco's gRPC services as grpc-js sees them (Falco 0.43 and older). Responses stay bytes: an
 * exception in a deserialiser would end the stream, and Falco has already popped what was in it.
 */
import type {
  CallOptions,
  ClientDuplexStream,
  ClientReadableStream,
  ClientUnaryCall,
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  requestCallback,
  ServiceDefinition,
} from '@grpc/grpc-js';
import { Client, Metadata } from '@grpc/grpc-js';

const pass = (bytes: Buffer): Buffer => bytes;

/** `request` has no fields. */
export const EMPTY_REQUEST = Buffer.alloc(0);

const raw = {
  requestSerialize: pass,
  requestDeserialize: pass,
  responseSerialize: pass,
  responseDeserialize: pass,
} as const;

const sub = {
  ...raw,
  path: '/falco.outputs.service/sub',
  requestStream: true,
  responseStream: true,
} as const;

const get = {
  ...raw,
  path: '/falco.outputs.service/get',
  requestStream: false,
  responseStream: true,
} as const;

const version = {
  ...raw,
  path: '/falco.version.service/version',
  requestStream: false,
  responseStream: false,
} as const;

export type FalcoOutputs = {
  readonly sub: handleBidiStreamingCall<Buffer, Buffer>;
  readonly get: handleServerStreamingCall<Buffer, Buffer>;
};
export type FalcoVersioning = { readonly version: handleUnaryCall<Buffer, Buffer> };

export const falcoOutputs = { sub, get } satisfies ServiceDefinition<FalcoOutputs>;
export const falcoVersioning = { version } satisfies ServiceDefinition<FalcoVersioning>;

export type SubStream = ClientDuplexStream<Buffer, Buffer>;

export class FalcoClient extends Client {
  sub(options: CallOptions = {}): SubStream {
    return this.makeBidiStreamRequest(sub.path, pass, pass, new Metadata(), options);
  }

  get(options: CallOptions = {}): ClientReadableStream<Buffer> {
    const metadata = new Metadata();
    return this.makeServerStreamRequest(get.path, pass, pass, EMPTY_REQUEST, metadata, options);
  }

  version(options: CallOptions, callback: requestCallback<Buffer>): ClientUnaryCall {
    const metadata = new Metadata();
    const { path } = version;
    return this.makeUnaryRequest(path, pass, pass, EMPTY_REQUEST, metadata, options, callback);
  }
}
