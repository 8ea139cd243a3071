import type { ConnectionOptions } from 'node:tls';

import { readNamed } from '../../../config/named-error.ts';

/** The receiver's certificate is verified always; there is no setting that turns it off. */
export type TlsFiles = {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly serverName?: string;
};

export function tlsOptions(
  { caFile, certFile, keyFile, serverName }: TlsFiles,
): ConnectionOptions {
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ...(caFile === undefined ? {} : { ca: readNamed('tls.caFile', caFile) }),
    ...(certFile === undefined ? {} : { cert: readNamed('tls.certFile', certFile) }),
    ...(keyFile === undefined ? {} : { key: readNamed('tls.keyFile', keyFile) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}
