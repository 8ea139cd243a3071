import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { credentials } from '@grpc/grpc-js';
import type { ChannelCredentials } from '@grpc/grpc-js';

import { makeAuthority, readAuthority } from '../cli/pki-certificates.ts';
import type { AltName, Authority, Issued } from '../cli/pki-certificates.ts';
import { agentSpiffeId } from '../link/spiffe-id.ts';

/** An authority of a test's own, and files of what it issues, as lannerctl makes them. */
export class PkiFolder {
  readonly #folder: string;
  readonly #authority: Authority;
  readonly ca: Issued;

  private constructor(folder: string, ca: Issued, authority: Authority) {
    this.#folder = folder;
    this.ca = ca;
    this.#authority = authority;
  }

  static async make(folder: string, nowMs = Date.now(), caFile = 'ca.pem'): Promise<PkiFolder> {
    const ca = await makeAuthority({ trustDomain: 'lanner.local', days: 30, nowMs });
    const pki = new PkiFolder(folder, ca, await readAuthority({ ...ca, nowMs }));
    pki.write(caFile, ca.certificate);
    await pki.writeServer();
    return pki;
  }

  get tls() {
    const at = (name: string): string => join(this.#folder, name);
    return { certFile: at('server.pem'), keyFile: at('server.key'), caFile: at('ca.pem') };
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.#folder, name), text);
  }

  read(name: string): string {
    return readFileSync(join(this.#folder, name), 'utf8');
  }

  async writeServer(): Promise<Issued> {
    const server = await this.issueServer();
    this.write('server.key', server.key);
    this.write('server.pem', server.certificate);
    return server;
  }

  issueServer(): Promise<Issued> {
    return this.#authority.issue({
      commonName: 'collector',
      altNames: [{ type: 'dns', value: 'localhost' }, { type: 'ip', value: '127.0.0.1' }],
      usage: 'server',
      days: 2,
    });
  }

  issueClient(altNames: readonly AltName[], commonName = 'client'): Promise<Issued> {
    return this.#authority.issue({ commonName, altNames, usage: 'client', days: 1 });
  }

  issueAgent(node: string): Promise<Issued> {
    return this.issueClient([{
      type: 'url',
      value: agentSpiffeId('lanner.local', node) ?? '',
    }]);
  }

  /** For a client that shows this certificate; without one it shows none. */
  channel(client?: Issued, ca = this.ca.certificate): ChannelCredentials {
    if (client === undefined) return credentials.createSsl(Buffer.from(ca));
    const { key, certificate } = client;
    return credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(certificate));
  }
}
