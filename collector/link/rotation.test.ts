import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { X509Certificate } from 'node:crypto';

import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Issued } from '../cli/pki-certificates.ts';
import { anAlert } from '../testing/alerts.ts';
import { batchOf, LinkRig } from '../testing/link-rig.ts';
import { PkiFolder } from '../testing/pki-folder.ts';
import { identifyByCertificate } from './certificate-identity.ts';
import { RELOAD_MS } from './certificate-files.ts';

/** The machine may be busy: a condition, not a time. */
const until = (check: () => unknown): Promise<unknown> =>
  vi.waitUntil(check, { timeout: 20_000, interval: 5 });

let folder: string;
let pki: PkiFolder;
let rig: LinkRig;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-rotation-'));
  pki = await PkiFolder.make(folder);
  rig = new LinkRig();
  const identify = identifyByCertificate({ trustDomain: 'lanner.local', clock: rig.clock });
  await rig.start({ tls: pki.tls, identify });
});

afterEach(async () => {
  await rig.stop();
  rmSync(folder, { recursive: true });
});

const serialOf = ({ certificate }: Issued): string => new X509Certificate(certificate).serialNumber;

/** A handshake of our own: resolves when the server has accepted it, with the open socket. */
async function shake(client: Issued, session?: Buffer): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: rig.port,
    servername: 'localhost',
    ca: pki.ca.certificate,
    cert: client.certificate,
    key: client.key,
    ALPNProtocols: ['h2'],
    ...(session === undefined ? {} : { session }),
  });
  // With TLS 1.3 the client is done before the server has looked at its certificate; the first
  // bytes of HTTP/2 come after.
  await new Promise<void>((resolve, reject) => {
    socket.once('data', () => resolve());
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
  return socket;
}

async function presented(client: Issued): Promise<string> {
  const socket = await shake(client);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

/** The next look at the files; reading them takes its own time. */
async function reload(): Promise<void> {
  const before = rig.reloads.length;
  await until(() => {
    rig.clock.advance(RELOAD_MS);
    return rig.reloads.length > before;
  });
}

describe('new certificate files', () => {
  test('are shown to new connections, and links that are open do not notice', async () => {
    const client = await pki.issueAgent('node-1');
    const agent = rig.connect(pki.channel(client));
    agent.hello();
    await agent.frame('welcome');
    const before = await presented(client);
    const server = await pki.writeServer();
    await reload();
    expect(rig.reloads).toEqual(['used']);
    expect(await presented(client)).toBe(serialOf(server));
    expect(serialOf(server)).not.toBe(before);
    agent.send(batchOf(1, anAlert()));
    await agent.frame('ack');
    expect(Math.abs((rig.server.certificateNotAfterMs ?? 0) - server.notAfterMs)).toBeLessThan(1);
  });

  test('let in what a new authority signed, and no longer what an old one did', async () => {
    const old = await pki.issueAgent('node-1');
    const next = await PkiFolder.make(mkdtempSync(join(folder, 'next-')));
    const renewed = await next.issueAgent('node-1');
    await expect(shake(renewed)).rejects.toThrow(/ssl|closed|ECONNRESET/i);
    // As a rotation goes: first both, then the new one alone.
    pki.write('ca.pem', pki.ca.certificate + next.ca.certificate);
    await reload();
    (await shake(old)).destroy();
    (await shake(renewed)).destroy();
    pki.write('ca.pem', next.ca.certificate);
    await reload();
    await expect(shake(old)).rejects.toThrow(/ssl|closed|ECONNRESET/i);
    const refused = rig.connect(pki.channel(old));
    refused.hello();
    expect((await refused.status()).code).toBe(status.UNAVAILABLE);
    const agent = rig.connect(pki.channel(renewed));
    agent.hello();
    await agent.frame('welcome');
  });

  test('that cannot be used change nothing, and are told once', async () => {
    const client = await pki.issueAgent('node-1');
    const before = await presented(client);
    const other = await pki.issueServer();
    // Half of a rotation, for a moment or for good: the key belongs to another certificate.
    pki.write('server.key', other.key);
    await reload();
    for (let looks = 0; looks < 3; looks += 1) {
      await until(() => rig.clock.pending > 0);
      rig.clock.advance(RELOAD_MS);
    }
    expect(await presented(client)).toBe(before);
    expect(rig.reloads).toEqual(['unusable']);
    pki.write('server.pem', other.certificate);
    await reload();
    expect(rig.reloads).toEqual(['unusable', 'used']);
    expect(await presented(client)).toBe(serialOf(other));
  });

  test.each([
    ['empty', () => ''],
    ['something else', () => 'no certificate'],
    ['cut off', () => pki.ca.certificate.slice(0, 200)],
    ['broken', () => pki.ca.certificate.replace(/^M.{20}/m, 'A'.repeat(21))],
    ['gone', () => undefined],
  ])('of an authority that are %s lock nobody out', async (_, text) => {
    const client = await pki.issueAgent('node-1');
    const now = text();
    if (now === undefined) rmSync(join(folder, 'ca.pem'));
    else pki.write('ca.pem', now);
    await reload();
    expect(rig.reloads).toEqual(['unusable']);
    (await shake(client)).destroy();
    pki.write('ca.pem', pki.ca.certificate);
  });
});

describe('a session', () => {
  test('is never resumed: each handshake is checked against the authority of now', async () => {
    const client = await pki.issueAgent('node-1');
    const sessions: Buffer[] = [];
    const first = await shake(client);
    first.on('session', (session: Buffer) => sessions.push(session));
    await until(() => sessions.length > 0 || first.getSession() !== undefined);
    const session = sessions[0] ?? first.getSession();
    expect(session).toBeDefined();
    const second = await shake(client, session);
    expect(second.isSessionReused()).toBe(false);
    first.destroy();
    second.destroy();
  });
});
