import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { readCredentials } from '../agent/link/credentials.ts';
import { KubeApi } from './testing/kube-api.ts';
import { writeKubeconfig } from './testing/kubeconfig.ts';
import { PkiFolder } from './testing/pki-folder.ts';
import { startTestCollector } from './testing/start.ts';
import { TestAgent } from './testing/test-agent.ts';
import { aToken } from './testing/tokens.ts';

let folder: string;
let pki: PkiFolder;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lanner-link-'));
  pki = await PkiFolder.make(folder);
});

afterEach(() => rmSync(folder, { recursive: true }));

const settings = (kube: object): string => {
  const { certFile, keyFile } = pki.tls;
  return JSON.stringify({ link: { identity: 'token', tls: { certFile, keyFile } }, kube });
};

test('with identity token the cluster says who an agent is, and an impostor is an incident',
  async () => {
    const api = new KubeApi();
    const kubeconfig = writeKubeconfig(folder, await api.start());
    const collector = await startTestCollector({
      yaml: settings({ mode: 'kubeconfig', kubeconfig }),
    });
    const token = aToken({ expiresAtMs: Date.now() + 3_600_000 });
    writeFileSync(join(folder, 'token'), token);
    api.tokens.set(token, {
      username: 'system:serviceaccount:lanner:lanner-agent',
      audiences: ['lanner-collector'],
      extra: { 'authentication.kubernetes.io/node-name': ['node-1'] },
    });
    const connect = (): TestAgent => {
      const address = collector.addresses.link.replace('127.0.0.1', 'localhost');
      return new TestAgent(address, readCredentials({
        address,
        tls: { ca: pki.tls.caFile, cert: '', key: '' },
        tokenFile: join(folder, 'token'),
        readFile: readFileSync,
      }));
    };
    const agent = connect();
    agent.hello();
    await agent.frame('welcome');
    const impostor = connect();
    impostor.hello({ node: 'node-2' });
    expect(await impostor.status()).toMatchObject({ code: status.PERMISSION_DENIED });
    await vi.waitUntil(async () => (await collector.counts()).incidents === 1, {
      timeout: 20_000,
    });
    const headers = { authorization: `Bearer ${collector.token}` };
    const response = await fetch(`${collector.addresses.api}/api/v1/audit`, { headers });
    expect(await response.text()).toContain('"link.wrong-node"');
    agent.cut();
    impostor.cut();
    await collector.stop();
    await api.stop();
  });

test('with identity token and no cluster the collector does not start', async () => {
  await expect(startTestCollector({ yaml: settings({ mode: 'auto' }) }))
    .rejects.toThrow('link.identity is token, but there is no cluster to ask');
});
