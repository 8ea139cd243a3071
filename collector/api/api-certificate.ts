import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import type { Logger } from 'pino';

import type { Clock } from '../clock.ts';
import { CertificateFiles } from '../link/certificate-files.ts';

/**
 * The API's certificate, read again as the link's is: cert-manager renews it while the collector
 * runs, and nobody restarts a collector for that.
 */
export type ApiCertificateOptions = {
  readonly tls: { readonly certFile: string; readonly keyFile: string };
  readonly clock: Clock;
  readonly log: Logger;
};

type Pair = { readonly cert: Buffer; readonly key: Buffer };

export class ApiCertificate {
  readonly #files: CertificateFiles;
  #server: Server | undefined;

  constructor({ tls, clock, log }: ApiCertificateOptions) {
    this.#files = new CertificateFiles({
      part: 'api',
      files: tls,
      readFile: (path) => readFile(path),
      clock,
      onChange: (changed) => {
        this.#server?.setSecureContext(pairOf(changed));
        log.info('the API’s certificate files changed and are in use');
      },
      onProblem: (error) => {
        log.error({ err: error }, 'the API’s certificate files changed and cannot be used');
      },
    });
  }

  /** Rejects, with the setting's name, when the files cannot be used. */
  async start(): Promise<Pair> {
    return pairOf(await this.#files.start());
  }

  serve(server: Server): void {
    this.#server = server;
  }

  stop(): void {
    this.#files.stop();
  }
}

/** Without the link's TLS 1.3 alone: not every client of an API is ours. */
const pairOf = ({ cert, key }: { readonly cert?: unknown; readonly key?: unknown }): Pair =>
  ({ cert: cert as Buffer, key: key as Buffer });
