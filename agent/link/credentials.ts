import { credentials, Metadata } from '@grpc/grpc-js';
import type { ChannelCredentials } from '@grpc/grpc-js';
import { serverIdentity } from '../../proto/server-identity.ts';

export type TlsFiles = {
  readonly ca: string;
  /** With a key, the agent shows who it is: mutual TLS. */
  readonly cert: string;
  readonly key: string;
};

export type CredentialFiles = {
  readonly address: string;
  readonly tls: TlsFiles | null;
  /** The projected token of the agent's service account; empty where a certificate says it all. */
  readonly tokenFile: string;
  readonly readFile: (path: string) => Buffer;
};

/** Kubernetes' own are some 1,500 characters; this is what one header may hold. */
const TOKEN_CHARACTERS_MAX = 8_192;

/**
 * Read anew for every attempt to connect, so that a rotated certificate or token is used with the
 * next one: the collector ends a link when what it was opened with expires. No CA means the
 * machine's own list of authorities. The token goes over TLS or not at all.
 */
export function readCredentials(files: CredentialFiles): ChannelCredentials {
  const { address, tls, tokenFile, readFile } = files;
  if (tls === null) {
    if (tokenFile !== '') throw new Error('a token is not sent in plaintext: set link.tls');
    return credentials.createInsecure();
  }
  const read = (path: string): Buffer | null => (path === '' ? null : readFile(path));
  const { verify } = serverIdentity(address);
  const channel = credentials.createSsl(read(tls.ca), read(tls.key), read(tls.cert), verify);
  if (tokenFile === '') return channel;
  const token = tokenOf(readFile(tokenFile));
  return credentials.combineChannelCredentials(
    channel,
    credentials.createFromMetadataGenerator((_, done) => {
      const metadata = new Metadata();
      metadata.set('authorization', `Bearer ${token}`);
      done(null, metadata);
    }),
  );
}

/** What is no token is not sent: a wrong path in the settings is not to post a private key. */
function tokenOf(bytes: Buffer): string {
  const text = bytes.toString('latin1').trim();
  if (text.length <= TOKEN_CHARACTERS_MAX && /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}$/.test(text)) {
    return text;
  }
  throw new Error('the file of link.tokenFile holds no token');
}
