import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';

import type { Cancel, Clock } from './clock.ts';
import type { ReadFile, TlsFiles } from './falco-endpoint.ts';
import type { HttpTls } from './falco-http.ts';

/**
 * The certificate that Falco is shown, read again: cert-manager renews it while the agent runs, and
 * an agent that shows one that has ended hears nothing more. What cannot be used — half written, a
 * key of another certificate — is told once and changes nothing.
 */
export const CERTIFICATE_LOOK_MS = 10_000;

export type CertificateWatchOptions = {
  readonly files: TlsFiles;
  readonly readFile: ReadFile;
  readonly clock: Clock;
  readonly log: Logger;
};

export class CertificateWatch {
  readonly #options: CertificateWatchOptions;
  #current: HttpTls;
  #problem = '';
  #cancel: Cancel | undefined;

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    this.#current = this.#read();
  }

  get current(): HttpTls {
    return this.#current;
  }

  start(onChange: (tls: HttpTls) => void): void {
    this.#cancel = this.#options.clock.after(CERTIFICATE_LOOK_MS, () => {
      this.#look(onChange);
      this.start(onChange);
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  #look(onChange: (tls: HttpTls) => void): void {
    const { log } = this.#options;
    try {
      const found = this.#read();
      if (isSame(found, this.#current)) return;
      createSecureContext(found);
      this.#current = found;
      this.#problem = '';
      onChange(found);
      log.info('the certificate for Falco changed and is in use');
    } catch (error) {
      const problem = String(error);
      if (problem === this.#problem) return;
      this.#problem = problem;
      log.error({ err: error }, 'the certificate for Falco changed and cannot be used');
    }
  }

  #read(): HttpTls {
    const { files, readFile } = this.#options;
    return { ca: readFile(files.ca), cert: readFile(files.cert), key: readFile(files.key) };
  }
}

const isSame = (left: HttpTls, right: HttpTls): boolean =>
  left.ca.equals(right.ca) && left.cert.equals(right.cert) && left.key.equals(right.key);
