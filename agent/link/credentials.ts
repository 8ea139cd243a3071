import { credentials } from '@grpc/grpc-js';
import type { ChannelCredentials } from '@grpc/grpc-js';

export type TlsFiles = {
  readonly ca: string;
  /** With a key, the agent shows who it is: mutual TLS. */
  readonly cert: string;
  readonly key: string;
};

/**
 * Read anew for every attempt to connect, so that a rotated certificate is used with the next
 * one. No CA means the machine's own list of authorities.
 */
export function readCredentials(
  files: TlsFiles | null,
  readFile: (path: string) => Buffer,
): ChannelCredentials {
  if (files === null) return credentials.createInsecure();
  const read = (path: string): Buffer | null => (path === '' ? null : readFile(path));
  return credentials.createSsl(read(files.ca), read(files.key), read(files.cert));
}
