/**
 * Where Falco's gRPC server is. A unix socket is plaintext and root's alone; `host:port` is always
 * mutual TLS, as Falco has it. The files are read again for every connection, so that a renewed
 * certificate is used without a restart.
 */
import type { ChannelCredentials, ChannelOptions, VerifyOptions } from '@grpc/grpc-js';
import { credentials } from '@grpc/grpc-js';
import { FalcoClient } from '../../proto/falco/service.ts';
import { serverIdentity } from '../../proto/server-identity.ts';
import { RESPONSE_BYTES_MAX } from '../../proto/falco/response-reader.ts';
import { SourceError } from './source-error.ts';

/** Paths of PEM files. */
export type TlsFiles = {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
};

export type FalcoEndpoint = {
  /** `unix:///run/falco/falco.sock` or `host:port`. */
  readonly address: string;
  readonly tls?: TlsFiles;
  /** The name in Falco's certificate, where it is not the host of the address. */
  readonly serverName?: string;
};

export type ReadFile = (path: string) => Buffer;

const UNIX = /^unix:(?:\/\/)?\/[^\0]+$/;
const HOST_PORT = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/;

const channelOptions: ChannelOptions = {
  // A message that is larger is refused by its length prefix, before it is in memory.
  'grpc.max_receive_message_length': RESPONSE_BYTES_MAX,
  // Each connection attempt is our own: no shared subchannel in a back-off of its own making.
  'grpc.use_local_subchannel_pool': 1,
  // A proxy between an agent and its own node's Falco is always a mistake.
  'grpc.enable_http_proxy': 0,
};

/** What is wrong with an address, or null. */
export const endpointProblem = (
  { address, hasTls }: { readonly address: string; readonly hasTls: boolean },
): string | null => {
  if (UNIX.test(address)) {
    return hasTls ? `${address}: Falco speaks no TLS on a unix socket` : null;
  }
  if (!HOST_PORT.test(address)) {
    return `${JSON.stringify(address)} is neither unix:///path/to/socket nor host:port`;
  }
  return hasTls ? null : `${address}: Falco's gRPC over TCP is mutual TLS; give ca, cert and key`;
};

const checkEndpoint = ({ address, tls }: FalcoEndpoint): void => {
  const problem = endpointProblem({ address, hasTls: tls !== undefined });
  if (problem !== null) throw new SourceError('bad-address', problem);
};

const read = (path: string, readFile: ReadFile): Buffer => {
  try {
    return readFile(path);
  } catch (error) {
    throw new SourceError('unreadable-certificate', `cannot read ${path}`, { cause: error });
  }
};

const credentialsOf = (
  tls: TlsFiles,
  readFile: ReadFile,
  verify: VerifyOptions,
): ChannelCredentials => {
  const [ca, key, cert] = [tls.ca, tls.key, tls.cert].map((path) => read(path, readFile));
  try {
    return credentials.createSsl(ca, key, cert, verify);
  } catch (error) {
    throw new SourceError('unreadable-certificate', `${tls.cert}: not a key and certificate`, {
      cause: error,
    });
  }
};

/**
 * Checks the address now and gives what makes a fresh client per attempt. That throws
 * `SourceError` while the files are unreadable, which an attempt survives: they may be in the
 * middle of a renewal.
 */
export const falcoConnector = (
  endpoint: FalcoEndpoint,
  readFile: ReadFile,
): (() => FalcoClient) => {
  checkEndpoint(endpoint);
  const { address, tls, serverName } = endpoint;
  if (tls === undefined) {
    return () => new FalcoClient(address, credentials.createInsecure(), channelOptions);
  }
  const { channel, verify } = serverIdentity(address, serverName);
  const options = { ...channelOptions, ...channel };
  return () => new FalcoClient(address, credentialsOf(tls, readFile, verify), options);
};
