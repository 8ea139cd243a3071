/**
 * Where Falco's gRPC server is. A unix socket is plaintext and root's alone; `host:port` is always
 * mutual TLS, as Falco has it. The files are read again for every connection, so that a renewed
 * certificate is used without a restart.
 */
import { connect as connectSocket } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Clock } from './clock.ts';
import { FalcoChannel } from './falco-channel.ts';
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
const UNIX_SCHEME = /^unix:(?:\/\/)?(?=\/)/;
const HOST_PORT = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/;

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

const contextOf = (tls: TlsFiles, readFile: ReadFile): SecureContext => {
  const [ca, key, cert] = [tls.ca, tls.key, tls.cert].map((path) => read(path, readFile));
  try {
    return createSecureContext({ ca, key, cert });
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
  { readFile, clock }: { readonly readFile: ReadFile; readonly clock: Clock },
): (() => FalcoChannel) => {
  checkEndpoint(endpoint);
  const { address, tls, serverName } = endpoint;
  if (tls === undefined) {
    const path = address.replace(UNIX_SCHEME, '');
    // Of a socket in the file system no name is asked; gRPC servers want one.
    const open = () => connectSocket(path);
    return () => new FalcoChannel({ authority: 'localhost', isTls: false, open, clock });
  }
  const [host, port] = hostAndPort(address);
  return () => {
    const secureContext = contextOf(tls, readFile);
    const open = () => connectTls({
      host,
      port,
      secureContext,
      ALPNProtocols: ['h2'],
      // An IP address is no server name (RFC 6066); it is looked for in the certificate itself.
      ...(serverName === undefined ? {} : { servername: serverName }),
    });
    return new FalcoChannel({ authority: address, isTls: true, open, clock });
  };
};

function hostAndPort(address: string): readonly [string, number] {
  const at = address.lastIndexOf(':');
  return [address.slice(0, at).replace(/^\[(.*)\]$/, '$1'), Number(address.slice(at + 1))];
}
