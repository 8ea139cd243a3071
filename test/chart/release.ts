import { X509Certificate } from 'node:crypto';

import type { KubeObject } from '../kube/admin.ts';
import type { Api } from './api.ts';
import type { Helm, Values } from './helm.ts';
import { parseObjects } from './rendering.ts';

/** One release at the API server, by Helm itself. No controller runs: objects come, pods do not. */
export class Release {
  readonly name: string;
  readonly namespace: string;
  readonly #helm: Helm;
  readonly #api: Api;
  readonly #kubeconfig: string;

  constructor(options: {
    readonly name: string;
    readonly namespace: string;
    readonly helm: Helm;
    readonly api: Api;
    readonly kubeconfig: string;
  }) {
    this.name = options.name;
    this.namespace = options.namespace;
    this.#helm = options.helm;
    this.#api = options.api;
    this.#kubeconfig = options.kubeconfig;
  }

  install(chart: string, values: Values = {}): string {
    return this.#run(['install', this.name, chart, '--create-namespace', '--values', '-'], values);
  }

  upgrade(chart: string, values: Values = {}): string {
    return this.#run(['upgrade', this.name, chart, '--values', '-'], values);
  }

  rollback(revision: number): void {
    this.#run(['rollback', this.name, String(revision)]);
  }

  uninstall(): void {
    this.#run(['uninstall', this.name]);
  }

  /** What Helm says that it installed. */
  objects(): readonly KubeObject[] {
    return parseObjects(this.#run(['get', 'manifest', this.name]));
  }

  async read(kind: string, name: string, apiVersion = 'v1'): Promise<KubeObject | undefined> {
    return this.#api.read({ apiVersion, kind, metadata: { name } }, this.namespace);
  }

  async secret(name: string): Promise<Readonly<Record<string, string>>> {
    const found = await this.read('Secret', name);
    if (found === undefined) throw new Error(`no Secret ${name}`);
    const entries = Object.entries(found['data'] as Readonly<Record<string, string>>);
    return Object.fromEntries(entries.map(([key, value]) =>
      [key, Buffer.from(value, 'base64').toString()]));
  }

  async certificate(secret: string): Promise<X509Certificate> {
    return new X509Certificate((await this.secret(secret))['tls.crt'] ?? '');
  }

  #run(args: readonly string[], values: Values = {}): string {
    return this.#helm.ok([
      ...args, '--namespace', this.namespace, '--kubeconfig', this.#kubeconfig,
    ], values);
  }
}
