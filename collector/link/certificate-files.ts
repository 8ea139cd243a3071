import { constants, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecureContextOptions } from 'node:tls';

import { namedError } from '../../config/named-error.ts';
import type { Clock } from '../clock.ts';

/**
 * The server's certificate, key and the authority of its agents, read again every `RELOAD_MS`: new
 * handshakes use what the files hold now. Kubernetes changes a mounted secret by moving a link,
 * which file watches miss, so the contents are compared.
 *
 * What cannot be used — half written, a key of another certificate, no authority — is told once and
 * changes nothing: what was good goes on being used.
 */
export const RELOAD_MS = 10_000;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export type LinkTls = {
  readonly certFile: string;
  readonly keyFile: string;
  /** Whose client certificates are let in; without it agents need none. */
  readonly caFile?: string;
};

export type CertificateFilesOptions = {
  /** Whose setting an error names. */
  readonly part?: 'link' | 'api';
  readonly files: LinkTls;
  readonly readFile: (path: string) => Promise<Buffer>;
  readonly clock: Clock;
  readonly onChange: (context: SecureContextOptions) => void;
  readonly onProblem: (error: Error) => void;
};

type Contents = { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer | undefined };

export class CertificateFiles {
  readonly #options: CertificateFilesOptions;
  readonly #part: 'link' | 'api';
  #contents: Contents | undefined;
  #problem = '';
  #notAfterMs = 0;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(options: CertificateFilesOptions) {
    this.#options = options;
    this.#part = options.part ?? 'link';
  }

  /** When the certificate in use ends; 0 before `start`. */
  get notAfterMs(): number {
    return this.#notAfterMs;
  }

  /** Rejects, with the setting's name, when the files cannot be used from the beginning. */
  async start(): Promise<SecureContextOptions> {
    const contents = await this.#read();
    const context = this.#accept(contents);
    this.#again();
    return context;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #again(): void {
    if (this.#isStopped) return;
    this.#cancel = this.#options.clock.after(RELOAD_MS, () => {
      void this.#reload().finally(() => this.#again());
    });
  }

  async #reload(): Promise<void> {
    const { onChange, onProblem } = this.#options;
    try {
      const contents = await this.#read();
      if (this.#isStopped || isSame(contents, this.#contents)) return;
      onChange(this.#accept(contents));
      this.#problem = '';
    } catch (error) {
      const problem = error instanceof Error ? error : new Error(String(error));
      if (problem.message === this.#problem) return;
      this.#problem = problem.message;
      onProblem(problem);
    }
  }

  #accept(contents: Contents): SecureContextOptions {
    const { cert, key, ca } = contents;
    const context: SecureContextOptions = {
      cert,
      key,
      minVersion: 'TLSv1.3',
      // A resumed session is not checked against the authority of now.
      secureOptions: constants.SSL_OP_NO_TICKET,
      ...(ca === undefined ? {} : { ca }),
    };
    try {
      createSecureContext(context);
      this.#notAfterMs = new X509Certificate(cert).validToDate.getTime();
    } catch (error) {
      throw namedError(`${this.#part}.tls.certFile`, error);
    }
    if (ca !== undefined) checkAuthorities(ca);
    this.#contents = contents;
    return context;
  }

  async #read(): Promise<Contents> {
    const { files: { certFile, keyFile, caFile }, readFile } = this.#options;
    const read = async (key: string, path: string): Promise<Buffer> =>
      readFile(path).catch((error: unknown) => {
        throw namedError(key, error);
      });
    return {
      cert: await read(`${this.#part}.tls.certFile`, certFile),
      key: await read(`${this.#part}.tls.keyFile`, keyFile),
      ca: caFile === undefined ? undefined : await read('link.tls.caFile', caFile),
    };
  }
}

/** OpenSSL passes over what is no certificate; an empty list would then let nobody in. */
function checkAuthorities(ca: Buffer): void {
  const blocks = ca.toString('latin1').match(PEM) ?? [];
  try {
    if (blocks.length === 0) throw new Error('no certificate in it');
    for (const block of blocks) new X509Certificate(block);
  } catch (error) {
    throw namedError('link.tls.caFile', error);
  }
}

function isSame(left: Contents, right: Contents | undefined): boolean {
  if (right === undefined) return false;
  const isSameCa = left.ca === undefined || right.ca === undefined
    ? left.ca === right.ca
    : left.ca.equals(right.ca);
  return isSameCa && left.cert.equals(right.cert) && left.key.equals(right.key);
}
