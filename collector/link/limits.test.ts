import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';

import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { anAlert } from '../testing/alerts.ts';
import { batchOf, LinkRig } from '../testing/link-rig.ts';
import { PkiFolder } from '../testing/pki-folder.ts';
import { identifyByCertificate } from './certificate-identity.ts';
import { BURST_SECONDS, EXCESS } from './link-rate.ts';
import { STREAMS_PER_PEER_MAX } from './link-server.ts';
import type { LinkServerOptions } from './link-server.ts';

/** The machine may be busy: a condition, not a time. */
const until = (check: () => unknown): Promise<unknown> =>
  vi.waitUntil(check, { timeout: 20_000, interval: 5 });

let folder: string;
let pki: PkiFolder;
let rig: LinkRig;
const sockets: Socket[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-limits-'));
  pki = await PkiFolder.make(folder);
});

afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  rig = new LinkRig();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await rig.stop();
});

const mutual = (over: Partial<LinkServerOptions> = {}): Promise<void> =>
  rig.start({
    tls: pki.tls,
    identify: identifyByCertificate({ trustDomain: 'lanner.local', clock: rig.clock }),
    ...over,
  });

function open(make: () => Socket): { readonly isClosed: () => boolean } {
  const socket = make();
  let isClosed = false;
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isClosed = true;
  });
  // Somebody who does not read would not see the end.
  socket.resume();
  sockets.push(socket);
  return { isClosed: () => isClosed };
}

const plain = () => open(() => connectPlain(rig.port, '127.0.0.1'));

describe('an agent that sends too fast', () => {
  const rates = { framesPerSecond: 2, bytesPerSecond: 1_000_000 };
  const burst = rates.framesPerSecond * BURST_SECONDS;

  test('is not read from until its rate allows it, and loses nothing', async () => {
    await rig.start({ rates });
    const agent = rig.connect();
    agent.hello();
    await agent.frame('welcome');
    for (let n = 1; n <= 2 * burst; n += 1) agent.send(batchOf(n, anAlert({ id: `a${n}` })));
    await until(async () => await rig.alertCount() >= burst);
    // Another agent's ten answers later, this one has not been read from any further.
    const other = rig.connect();
    other.hello({ node: 'node-2' });
    for (let n = 1; n <= 10; n += 1) other.send(batchOf(n, anAlert({ id: `b${n}`, node: 'node-2' })));
    await other.frame('ack', 9);
    const held = await rig.alertCount() - 10;
    expect(held).toBeLessThanOrEqual(burst);
    await until(async () => {
      rig.clock.advance(500);
      return await rig.alertCount() === 2 * burst + 10;
    });
    expect(rig.refused).toEqual([]);
  });

  test('again and again, over new links, is refused in the end; others are not', async () => {
    await rig.start({ rates: { ...rates, framesPerSecond: 1 } });
    const last = async () => {
      const agent = rig.connect();
      agent.hello();
      await agent.frame('welcome');
      agent.cut();
    };
    let links = 0;
    await expect((async () => {
      for (; links <= BURST_SECONDS * EXCESS; links += 1) await last();
    })()).rejects.toThrow('far more than one agent may send');
    expect(links).toBe(BURST_SECONDS * EXCESS);
    expect(rig.refused).toEqual(['too-fast']);
    const other = rig.connect();
    other.hello({ node: 'node-2' });
    await other.frame('welcome');
    rig.clock.advance(BURST_SECONDS * EXCESS * 1_000);
    await last();
  });
});

describe('streams', () => {
  test('of one certificate are few, over however many connections', async () => {
    await mutual();
    const mine = await pki.issueAgent('node-1');
    // No hello yet: each holds a place.
    const held = Array.from({ length: STREAMS_PER_PEER_MAX }, () => rig.connect(pki.channel(mine)));
    await until(() => rig.clock.pending >= STREAMS_PER_PEER_MAX + 1);
    const surplus = rig.connect(pki.channel(mine));
    expect(await surplus.status()).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(rig.refused).toEqual(['too-many-streams']);
    const other = rig.connect(pki.channel(await pki.issueAgent('node-2')));
    other.hello({ node: 'node-2' });
    await other.frame('welcome');
    held[0]?.cut();
    await until(() => rig.ends.length > 0);
    const again = rig.connect(pki.channel(mine));
    again.hello();
    await again.frame('welcome');
  });

  test('are bounded in all', async () => {
    await rig.start({ linksMax: 2 });
    for (const node of ['node-1', 'node-2']) {
      const agent = rig.connect();
      agent.hello({ node });
      await agent.frame('welcome');
    }
    expect(await rig.connect().status()).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(rig.refused).toEqual(['too-many-links']);
  });
});

describe('connections', () => {
  test('are bounded in all, and one that goes makes room', async () => {
    await rig.start({ connectionsMax: 2 });
    const held = [plain(), plain()];
    const surplus = plain();
    await until(() => surplus.isClosed());
    expect(held.some(({ isClosed }) => isClosed())).toBe(false);
    expect(rig.dropped).toEqual(['too-many-connections']);
    sockets[0]?.destroy();
    await until(async () => {
      const agent = rig.connect();
      agent.hello();
      return agent.frame('welcome').then(() => true, () => false);
    });
  });

  test('in a handshake that is never finished lose their place to newer ones', async () => {
    await mutual({ handshakesMax: 2 });
    const stalled = [plain(), plain(), plain()];
    await until(() => stalled[0]?.isClosed());
    expect(rig.dropped).toEqual(['handshake-overflow']);
    const agent = rig.connect(pki.channel(await pki.issueAgent('node-1')));
    agent.hello();
    await agent.frame('welcome');
    // The agent's own handshake needed a place; done, it holds none.
    const more = [plain(), plain(), plain()];
    await until(() => more[0]?.isClosed());
    agent.send(batchOf(1, anAlert()));
    await agent.frame('ack');
  });

  test('that come to nothing end by themselves, before and after the handshake', async () => {
    await mutual({ helloDeadlineMs: 200 });
    const client = await pki.issueAgent('node-1');
    const silent = plain();
    const idle = open(() =>
      connectTls({
        host: '127.0.0.1',
        port: rig.port,
        servername: 'localhost',
        ca: pki.ca.certificate,
        cert: client.certificate,
        key: client.key,
        ALPNProtocols: ['h2'],
      }));
    const noHttp = open(() =>
      connectTls({
        host: '127.0.0.1',
        port: rig.port,
        servername: 'localhost',
        ca: pki.ca.certificate,
        cert: client.certificate,
        key: client.key,
      }));
    await until(() => silent.isClosed() && idle.isClosed() && noHttp.isClosed());
    expect(rig.dropped).toContain('handshake-failed');
  });

  test('that come to nothing end by themselves in plaintext too', async () => {
    await rig.start({ helloDeadlineMs: 200 });
    const silent = plain();
    await until(() => silent.isClosed());
  });
});

describe('a range of protocols', () => {
  test('is spoken as the agent speaks it; outside it one side has to be upgraded', async () => {
    await rig.start({ protocols: { min: 2, max: 4 } });
    const agent = rig.connect();
    agent.hello({ protocol: 3 });
    expect(await agent.frame('welcome')).toMatchObject({ protocol: 3 });
    for (const [protocol, older] of [[1, 'agent'], [5, 'collector']] as const) {
      const refused = rig.connect();
      refused.hello({ protocol });
      expect(await refused.status()).toMatchObject({
        code: status.FAILED_PRECONDITION,
        details: `the agent speaks link protocol ${protocol}, this collector 2 to 4: ` +
          `upgrade the ${older}`,
      });
    }
    expect(rig.refused).toEqual(['protocol', 'protocol']);
  });
});
