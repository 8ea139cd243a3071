import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { readCredentials } from '../../agent/link/credentials.ts';
import type { AltName } from '../cli/pki-certificates.ts';
import { TokenReviews } from '../kube/token-review.ts';
import { anAlert } from '../testing/alerts.ts';
import { KubeApi } from '../testing/kube-api.ts';
import { writeKubeconfig } from '../testing/kubeconfig.ts';
import { batchOf, LinkRig } from '../testing/link-rig.ts';
import { PkiFolder } from '../testing/pki-folder.ts';
import { aToken } from '../testing/tokens.ts';
import { connectKube } from '../kube/client.ts';
import { identifyByCertificate } from './certificate-identity.ts';
import { LOOK_MS } from './credential-watch.ts';
import type { LinkServerOptions } from './link-server.ts';
import { identifyByToken } from './token-identity.ts';

const DAY_MS = 86_400_000;
/** The machine may be busy: a condition, not a time. */
const until = (check: () => unknown): Promise<unknown> =>
  vi.waitUntil(check, { timeout: 20_000, interval: 5 });

let folder: string;
let pki: PkiFolder;
let rig: LinkRig;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-identity-'));
  pki = await PkiFolder.make(folder);
});

afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  rig = new LinkRig();
});

afterEach(() => rig.stop());

const byCertificate = (over: Partial<LinkServerOptions> = {}): Promise<void> =>
  rig.start({
    tls: pki.tls,
    identify: identifyByCertificate({ trustDomain: 'lanner.local', clock: rig.clock }),
    ...over,
  });

const uri = (value: string): AltName => ({ type: 'url', value });
const AGENT = 'spiffe://lanner.local/lanner/agent/node-1';

describe('an agent with a certificate', () => {
  test('speaks for its own node', async () => {
    await byCertificate();
    const agent = rig.connect(pki.channel(await pki.issueAgent('node-1')));
    agent.hello();
    await agent.frame('welcome');
    agent.send(batchOf(1, anAlert()));
    await agent.frame('ack');
    expect(await rig.alertCount()).toBe(1);
    expect(rig.events).toEqual([]);
  });

  test('does not speak for another: the link is closed and the SOC is told', async () => {
    await byCertificate();
    const agent = rig.connect(pki.channel(await pki.issueAgent('node-1')));
    agent.hello({ node: 'node-2' });
    agent.send(batchOf(1, anAlert({ node: 'node-2' })));
    expect(await agent.status()).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: 'the credential is for node node-1',
    });
    expect(rig.refused).toEqual(['wrong-node']);
    expect(rig.events).toMatchObject([
      { kind: 'wrong-node', identity: AGENT, cluster: 'c1', node: 'node-2' },
    ]);
    expect(rig.events[0]?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await rig.alertCount()).toBe(0);
    expect(rig.server.isConnected({ cluster: 'c1', node: 'node-2' })).toBe(false);
  });

  test.each([
    ['node', { node: 'node-2' }],
    ['cluster', { cluster: 'c2' }],
  ])('raises no alert for another %s, and none of the batches that came with it', async (_, over) => {
    await byCertificate();
    const agent = rig.connect(pki.channel(await pki.issueAgent('node-1')));
    agent.hello();
    await agent.frame('welcome');
    agent.send(batchOf(1, anAlert({ id: 'a1' }), anAlert({ id: 'a2', ...over })));
    expect(await agent.status()).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(rig.events).toMatchObject([{ kind: 'foreign-alert', identity: AGENT, ...over }]);
    expect(await rig.alertCount()).toBe(0);
  });

  test('of another cluster than the collector’s is refused', async () => {
    await byCertificate({ cluster: 'c1' });
    const agent = rig.connect(pki.channel(await pki.issueAgent('node-1')));
    agent.hello({ cluster: 'c2' });
    expect(await agent.status()).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(rig.events).toMatchObject([{ kind: 'wrong-cluster', cluster: 'c2' }]);
  });

  test.each<[string, readonly AltName[]]>([
    ['no URI name', [{ type: 'dns', value: 'node-1' }]],
    ['a URI name inside a DNS name', [{ type: 'dns', value: `x, URI:${AGENT}` }]],
    ['two URI names', [uri(AGENT), uri('spiffe://lanner.local/lanner/agent/node-2')]],
    ['a URI name that is no SPIFFE ID', [uri('https://lanner.local/lanner/agent/node-1')]],
    ['another spelling of its node', [uri('spiffe://lanner.local/lanner/agent/node%2D1')]],
    ['the name of another trust domain', [uri('spiffe://other.local/lanner/agent/node-1')]],
    ['the name of a collector', [uri('spiffe://lanner.local/lanner/collector')]],
  ])('is refused when the certificate has %s', async (_, altNames) => {
    await byCertificate();
    const agent = rig.connect(pki.channel(await pki.issueClient(altNames, 'node-1')));
    agent.hello();
    expect((await agent.status()).code).toBe(status.PERMISSION_DENIED);
    expect(rig.refused).toEqual(['identity-refused']);
    expect(rig.events).toMatchObject([{ kind: 'identity-refused', node: 'node-1' }]);
  });

  test('is not let in by the handshake without one, or with one that is not for it', async () => {
    await byCertificate();
    const other = await PkiFolder.make(mkdtempSync(join(folder, 'other-')));
    const expired = await PkiFolder.make(mkdtempSync(join(folder, 'old-')), Date.now() - 2 * DAY_MS);
    const strangers = [
      pki.channel(),
      pki.channel(await other.issueAgent('node-1')),
      pki.channel(await expired.issueAgent('node-1')),
      // The collector's own: good for servers alone.
      pki.channel(await pki.issueServer()),
      undefined,
    ];
    for (const channel of strangers) {
      const agent = rig.connect(channel);
      agent.hello();
      expect(await agent.status()).toMatchObject({ code: status.UNAVAILABLE });
    }
    await until(() => rig.dropped.length === 5);
    expect(new Set(rig.dropped)).toEqual(new Set(['handshake-failed']));
    expect(rig.server.openCount).toBe(0);
  });

  test('is asked to come again when its certificate ends, and not before', async () => {
    await byCertificate();
    const agent = rig.connect(pki.channel(await pki.issueAgent('node-1')));
    agent.hello();
    await agent.frame('welcome');
    rig.clock.advance(DAY_MS - 60_000);
    agent.send(batchOf(1, anAlert()));
    await agent.frame('ack');
    rig.clock.advance(61_000);
    expect(await agent.status()).toMatchObject({ code: status.ABORTED });
    expect(rig.ends).toEqual(['credential-expired']);
    expect(rig.events).toEqual([]);
  });
});

describe('an agent with a token', () => {
  const username = 'system:serviceaccount:lanner:lanner-agent';
  let api: KubeApi;
  let token: string;

  beforeEach(async () => {
    api = new KubeApi();
    const kubeconfig = writeKubeconfig(folder, await api.start());
    const kube = await connectKube({ kubeconfig, now: () => rig.clock.now(), deadlineMs: 500 });
    const reviews = new TokenReviews({
      kube,
      audience: 'lanner-collector',
      serviceAccount: 'lanner/lanner-agent',
      clock: rig.clock,
    });
    const { certFile, keyFile } = pki.tls;
    await rig.start({ tls: { certFile, keyFile }, identify: identifyByToken(reviews) });
    token = aToken({ expiresAtMs: rig.clock.now() + 3_600_000 });
    api.tokens.set(token, {
      username,
      audiences: ['lanner-collector'],
      extra: { 'authentication.kubernetes.io/node-name': ['node-1'] },
    });
    return async () => {
      await kube.close();
      await api.stop();
    };
  });

  /** As the agent itself dials: it reads its files for each connection. */
  function dial() {
    pki.write('token', `${token}\n`);
    return rig.connect(readCredentials({
      address: rig.address,
      tls: { ca: pki.tls.caFile, cert: '', key: '' },
      tokenFile: join(folder, 'token'),
      readFile: (path) => Buffer.from(pki.read(path.slice(folder.length + 1))),
    }));
  }

  test('speaks for the node of its pod and for no other', async () => {
    const good = dial();
    good.hello();
    await good.frame('welcome');
    const bad = dial();
    bad.hello({ node: 'node-2' });
    expect(await bad.status()).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(rig.events).toMatchObject([
      { kind: 'wrong-node', identity: username, node: 'node-2' },
    ]);
  });

  test('that nobody knows is refused, and without one too', async () => {
    api.tokens.clear();
    const unknown = dial();
    unknown.hello();
    expect(await unknown.status()).toMatchObject({ code: status.UNAUTHENTICATED });
    const none = rig.connect(pki.channel());
    none.hello();
    expect(await none.status()).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(rig.refused).toEqual(['identity-refused', 'identity-refused']);
  });

  test('waits when nobody can be asked, and nobody is alarmed', async () => {
    api.refuse({ times: 5, status: 503 });
    const agent = dial();
    agent.hello();
    expect(await agent.status()).toMatchObject({ code: status.UNAVAILABLE });
    expect(rig.refused).toEqual(['identity-unavailable']);
    expect(rig.events).toEqual([]);
    api.refuse({ times: 0, status: 503 });
    const again = dial();
    again.hello();
    await again.frame('welcome');
  });

  test('loses its link when the token is taken back, and keeps it when nobody answers', async () => {
    const agent = dial();
    agent.hello();
    await agent.frame('welcome');
    api.refuse({ times: 5, status: 503 });
    const asked = api.requests.length;
    rig.clock.advance(LOOK_MS);
    await until(() => api.requests.length > asked);
    // The next look is planned when the answer to this one is there.
    await until(() => rig.clock.pending > 0);
    api.refuse({ times: 0, status: 503 });
    api.tokens.clear();
    rig.clock.advance(LOOK_MS);
    expect(await agent.status()).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(rig.events).toMatchObject([{ kind: 'identity-refused', node: 'node-1' }]);
  });

  test('comes again with the new token when the old one ends', async () => {
    const agent = dial();
    agent.hello();
    await agent.frame('welcome');
    rig.clock.advance(3_600_000);
    // The look that fell due on the way has to end before the next is planned.
    await until(() => {
      rig.clock.advance(1);
      return agent.isEnded;
    });
    expect(await agent.status()).toMatchObject({ code: status.ABORTED });
    expect(rig.events).toEqual([]);
    const renewed = aToken({ expiresAtMs: rig.clock.now() + 3_600_000 });
    const known = api.tokens.get(token);
    if (known !== undefined) api.tokens.set(renewed, known);
    token = renewed;
    const again = dial();
    again.hello();
    await again.frame('welcome');
  });
});
