import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/**
 * A container runtime's image service on a socket. It is protobufjs on `runtime.proto`: it shares
 * no code with what it is used to test.
 */
export type ImageStatusCall = { readonly request: Record<string, unknown> };
export type ImageStatusReply = (error: { code: number } | null, value?: object) => void;

export async function imageService(
  answer: (call: ImageStatusCall, reply: ImageStatusReply) => void,
): Promise<{ readonly address: string; readonly stop: () => void }> {
  const { root } = protobuf.parse(
    readFileSync(new URL('../../proto/cri/runtime.proto', import.meta.url), 'utf8'),
    { keepCase: true },
  );
  const request = root.lookupType('runtime.v1.ImageStatusRequest');
  const response = root.lookupType('runtime.v1.ImageStatusResponse');
  const service: ServiceDefinition = {
    ImageStatus: {
      path: '/runtime.v1.ImageService/ImageStatus',
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: object) => Buffer.from(request.encode(value).finish()),
      requestDeserialize: (bytes: Buffer) => request.toObject(request.decode(bytes)),
      responseSerialize: (value: object) =>
        Buffer.isBuffer(value)
          ? value
          : Buffer.from(response.encode(response.fromObject(value)).finish()),
      responseDeserialize: (bytes: Buffer) => response.decode(bytes),
    },
  };
  const folder = mkdtempSync(join(tmpdir(), 'lanner-cri-'));
  const address = `unix://${join(folder, 'containerd.sock')}`;
  const server = new Server();
  server.addService(service, { ImageStatus: answer } as unknown as UntypedServiceImplementation);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error));
  });
  return {
    address,
    stop: () => {
      server.forceShutdown();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
