import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, vi } from 'vitest';

import { connectKube } from '../../collector/kube/client.ts';
import type { Kube, PodRef } from '../../collector/kube/kube.ts';
import { Admin } from './admin.ts';
import { COLLECTOR, shipped } from './shipped-rbac.ts';

declare module 'vitest' {
  interface ProvidedContext {
    kubeconfig: string;
    /** Empty when the cluster is not our own: then there is no etcd and no key to reach. */
    etcdUrl: string;
    tokenKeyFile: string;
  }
}

/** What one test file has: the administrator, a folder and clients, all gone after `close`. */
export class Cluster {
  readonly admin = new Admin(inject('kubeconfig'));
  readonly folder = mkdtempSync(join(tmpdir(), 'lanner-kube-'));
  readonly #clients: Kube[] = [];
  #files = 0;

  /** A kubeconfig file whose bearer token is read from a file, as that of a pod is. */
  writeKubeconfig(token: string, over: { readonly server?: string } = {}): Credentials {
    this.#files += 1;
    const tokenFile = join(this.folder, `token-${this.#files}`);
    const kubeconfig = join(this.folder, `kubeconfig-${this.#files}`);
    const { caData, server } = this.admin;
    writeFileSync(tokenFile, token, { mode: 0o600 });
    writeFileSync(kubeconfig, JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{
        name: 'c',
        cluster: over.server === undefined
          ? { server, 'certificate-authority-data': caData }
          : { server: over.server, 'insecure-skip-tls-verify': true },
      }],
      users: [{
        name: 'u',
        user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } },
      }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }), { mode: 0o600 });
    return { kubeconfig, tokenFile };
  }

  /** The product's client with the collector's own token. */
  async connect(over: {
    readonly token?: string;
    readonly server?: string;
    readonly deadlineMs?: number;
  } = {}): Promise<Kube & Credentials> {
    const token = over.token ?? await this.admin.token(COLLECTOR);
    const credentials = this.writeKubeconfig(
      token,
      over.server === undefined ? {} : { server: over.server },
    );
    const kube = await connectKube({
      kubeconfig: credentials.kubeconfig,
      now: Date.now,
      deadlineMs: over.deadlineMs ?? 10_000,
    });
    this.#clients.push(kube);
    return { ...kube, ...credentials };
  }

  /** The shipped admission policy, in effect: the API server learns of it by a watch of its own. */
  async installLimits(kube: Kube, pod: PodRef): Promise<void> {
    for (const object of shipped('collector-limits.yaml')) await this.admin.create(object);
    const image = { op: 'add', path: '/spec/containers/0/image', value: 'other' } as const;
    await vi.waitFor(async () => {
      const patched = await kube.patchPod(pod, [image], { dryRun: true });
      if (patched.ok) throw new Error('the limits are not in effect yet');
    }, { timeout: 30_000, interval: 100 });
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close();
    await this.admin.cleanUp();
    rmSync(this.folder, { recursive: true });
  }
}

export type Credentials = { readonly kubeconfig: string; readonly tokenFile: string };
