import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { connect } from 'node:tls';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { RELOAD_MS } from '../link/certificate-files.ts';
import { ManualClock } from '../testing/clock.ts';
import { PkiFolder } from '../testing/pki-folder.ts';
import { ApiCertificate } from './api-certificate.ts';

const log = pino({ level: 'silent' });
let folder: string;
let pki: PkiFolder;
let clock: ManualClock;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-api-certificate-'));
  pki = await PkiFolder.make(folder);
  clock = new ManualClock(Date.now());
});
afterEach(() => rmSync(folder, { recursive: true }));

const make = (over: { readonly keyFile?: string } = {}): ApiCertificate => {
  const { certFile, keyFile } = pki.tls;
  return new ApiCertificate({ tls: { certFile, keyFile, ...over }, clock, log });
};

/** What a client is shown, once it has found it good. */
async function shownAt(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', ca: pki.ca.certificate });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

describe('the API’s certificate', () => {
  test('is the one that the files hold now, without a restart; a bad one changes nothing', async () => {
    const certificate = make();
    const server = createServer(await certificate.start(), (_, answer) => answer.end());
    certificate.serve(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const first = await shownAt(port);
      await pki.writeServer();
      clock.advance(RELOAD_MS);
      await vi.waitFor(async () => expect(await shownAt(port)).not.toBe(first));

      const second = await shownAt(port);
      pki.write('server.pem', 'half a certifi');
      clock.advance(RELOAD_MS);
      expect(await shownAt(port)).toBe(second);
    } finally {
      certificate.stop();
      server.close();
    }
  });

  test('that is not there at the start is told by its setting', async () => {
    await expect(make({ keyFile: join(folder, 'none.key') }).start())
      .rejects.toThrow(/api\.tls\.keyFile/);
  });
});
