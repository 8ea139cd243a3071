import { once } from 'node:events';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';

import { KubeConfig } from '@kubernetes/client-node';

/**
 * The administrator of the tests: plain HTTP, so that what is checked is not checked with the
 * client under test. Whatever it creates it removes at the end, last first.
 */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
};
export type Created = KubeObject & { readonly metadata: { readonly uid: string } };

export type Answer = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
};

type Body = { readonly value: unknown; readonly type?: string };

/** Kinds in the tests, and how the API server names them in paths. */
const RESOURCES: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networkpolicies',
  PriorityLevelConfiguration: 'prioritylevelconfigurations',
  FlowSchema: 'flowschemas',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
};

export class Admin {
  readonly server: string;
  readonly caData: string;
  readonly #config: KubeConfig;
  readonly #created: string[] = [];

  constructor(kubeconfig: string) {
    this.#config = new KubeConfig();
    this.#config.loadFromFile(kubeconfig);
    const cluster = this.#config.getCurrentCluster();
    if (cluster === null) throw new Error('the kubeconfig names no cluster');
    this.server = cluster.server;
    this.caData = cluster.caData ?? '';
  }

  async send(method: string, path: string, body?: Body): Promise<Answer> {
    const options: RequestOptions = { method };
    await this.#config.applyToHTTPSOptions(options);
    const text = body === undefined ? '' : JSON.stringify(body.value);
    const outgoing = request(new URL(path, this.server), {
      ...options,
      agent: false,
      headers: {
        ...options.headers as Record<string, string>,
        'content-type': body?.type ?? 'application/json',
        // Node sends the body of a DELETE without its length, and then it is none.
        'content-length': Buffer.byteLength(text),
      },
    });
    outgoing.end(text);
    const [incoming] = await once(outgoing, 'response') as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const answer = Buffer.concat(chunks).toString();
    const isJson = incoming.headers['content-type']?.includes('json') === true;
    return {
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body: isJson ? JSON.parse(answer) : answer,
    };
  }

  async create(object: KubeObject): Promise<Created> {
    const { status, body } = await this.send('POST', collectionOf(object), { value: object });
    if (status >= 300) throw new Error(`${object.kind} ${object.metadata.name}: ${say(body)}`);
    this.#created.push(pathOf(object));
    return body as Created;
  }

  /** Creates it, or takes it as it is when another test file left it. */
  async ensure(object: KubeObject): Promise<void> {
    const { status, body } = await this.send('POST', collectionOf(object), { value: object });
    if (status === 409) return;
    if (status >= 300) throw new Error(`${object.kind} ${object.metadata.name}: ${say(body)}`);
    this.#created.push(pathOf(object));
  }

  async read(object: KubeObject): Promise<Created | undefined> {
    const { status, body } = await this.send('GET', pathOf(object));
    return status === 404 ? undefined : body as Created;
  }

  async patch(object: KubeObject, value: unknown, subresource = ''): Promise<void> {
    const type = 'application/merge-patch+json';
    const path = pathOf(object) + subresource;
    const { status, body } = await this.send('PATCH', path, { value, type });
    if (status >= 300) throw new Error(`${object.kind} ${object.metadata.name}: ${say(body)}`);
  }

  async remove(object: KubeObject): Promise<void> {
    await this.#removePath(pathOf(object));
  }

  /** A namespace with the service account that pods get: no controller makes it here. */
  async namespace(name: string): Promise<string> {
    await this.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await this.ensure({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: name },
    });
    return name;
  }

  /** A token of a service account, as kubelet would ask for. */
  async token(
    account: { readonly namespace: string; readonly name: string },
    spec: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const path = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`;
    const { status, body } = await this.send('POST', path, {
      value: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
    });
    if (status >= 300) throw new Error(`token: ${say(body)}`);
    return (body as { status: { token: string } }).status.token;
  }

  async cleanUp(): Promise<void> {
    for (const path of this.#created.splice(0).toReversed()) await this.#removePath(path);
  }

  async #removePath(path: string): Promise<void> {
    const finalizers = { metadata: { finalizers: null } };
    const gone = await this.send('DELETE', path, { value: { gracePeriodSeconds: 0 } });
    const isHeld = gone.status < 300 &&
      (gone.body as { metadata?: { finalizers?: unknown } }).metadata?.finalizers !== undefined;
    const type = 'application/merge-patch+json';
    if (isHeld) await this.send('PATCH', path, { value: finalizers, type });
  }
}

function collectionOf({ apiVersion, kind, metadata }: KubeObject): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const namespace = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${root}${namespace}/${RESOURCES[kind] ?? `${kind.toLowerCase()}s`}`;
}

const pathOf = (object: KubeObject): string => `${collectionOf(object)}/${object.metadata.name}`;

const say = (body: unknown): string =>
  (body as { message?: string } | null)?.message ?? JSON.stringify(body);
