import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Behaves like a kube-apiserver for the few calls that Lanner makes, over real HTTP: uid
 * preconditions (409), JSON patch tests (422), 404, 403, 429 with Retry-After, dry run, graceful
 * deletion. `refuse` makes the next requests fail.
 */
type Metadata = {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  labels?: Record<string, string>;
  deletionTimestamp?: string;
};
type Stored = { metadata: Metadata; spec: Record<string, unknown> };

export type Refusal = {
  readonly times: number;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Only for requests whose `METHOD /path` matches. */
  readonly on?: RegExp;
};

export class KubeApi {
  readonly pods = new Map<string, Stored>();
  readonly policies = new Map<string, Stored>();
  /** `METHOD path?query`, as received. */
  readonly requests: string[] = [];
  #refusal: Refusal | undefined;
  #refusalsLeft = 0;
  #version = 100;
  #hangs = false;
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get connections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))));
  }

  addPod(namespace: string, name: string, over: {
    uid?: string;
    labels?: Record<string, string> | null;
    spec?: Record<string, unknown>;
  } = {}): void {
    const labels = over.labels === undefined ? { app: name } : over.labels;
    this.pods.set(`${namespace}/${name}`, {
      metadata: {
        name,
        namespace,
        uid: over.uid ?? `uid-${name}`,
        resourceVersion: this.#next(),
        ...(labels === null ? {} : { labels }),
      },
      spec: over.spec ?? {},
    });
  }

  addPolicy(namespace: string, name: string, spec: Record<string, unknown>): void {
    this.policies.set(`${namespace}/${name}`, {
      metadata: { name, namespace, uid: `uid-${name}`, resourceVersion: this.#next() },
      spec,
    });
  }

  refuse(refusal: Refusal): void {
    this.#refusal = refusal;
    this.#refusalsLeft = refusal.times;
  }

  hang(): void {
    this.#hangs = true;
  }

  /** What a pod's containers end with: the object goes. */
  finishDeletion(): void {
    for (const [key, pod] of this.pods) if (pod.metadata.deletionTimestamp) this.pods.delete(key);
  }

  #next(): string {
    this.#version += 1;
    return String(this.#version);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const line = `${request.method} ${request.url}`;
    this.requests.push(line);
    if (this.#hangs) return;
    if (this.#refusal && this.#refusalsLeft > 0 && (this.#refusal.on?.test(line) ?? true)) {
      this.#refusalsLeft -= 1;
      fail(response, this.#refusal.status, 'refused by the test', this.#refusal.headers);
      return;
    }
    const url = new URL(request.url ?? '/', 'http://kube');
    const match = /^\/api(?:s\/networking\.k8s\.io)?\/v1\/namespaces\/([^/]+)\/(\w+)(?:\/(.+))?$/
      .exec(url.pathname);
    const [, namespace = '', resource = '', name = ''] = match ?? [];
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const call = {
      key: `${namespace}/${name}`,
      namespace,
      body,
      dryRun: url.searchParams.get('dryRun') === 'All',
      type: request.headers['content-type'] ?? '',
      response,
    };
    const route = `${request.method} ${resource}${name === '' ? '' : '/'}`;
    if (route === 'GET pods/') this.#read(this.pods, call);
    else if (route === 'DELETE pods/') this.#deletePod(call);
    else if (route === 'PATCH pods/') this.#patchPod(call);
    else if (route === 'GET networkpolicies/') this.#read(this.policies, call);
    else if (route === 'GET networkpolicies') this.#listPolicies(call);
    else if (route === 'POST networkpolicies') this.#createPolicy(call);
    else fail(response, 404, 'the server could not find the requested resource');
  }

  #read(from: ReadonlyMap<string, Stored>, { key, response }: Call): void {
    const found = from.get(key);
    if (found) send(response, 200, found);
    else fail(response, 404, `"${key}" not found`);
  }

  #deletePod({ key, body, dryRun, response }: Call): void {
    const pod = this.pods.get(key);
    if (!pod) return fail(response, 404, `pods "${key}" not found`);
    const options = body as { preconditions?: { uid?: string }; gracePeriodSeconds?: number };
    const wanted = options.preconditions?.uid;
    if (wanted !== undefined && wanted !== pod.metadata.uid) {
      return fail(response, 409, `Precondition failed: UID in precondition: ${wanted}, ` +
        `UID in object meta: ${pod.metadata.uid}`);
    }
    if (!dryRun) {
      if (options.gracePeriodSeconds === 0) this.pods.delete(key);
      else pod.metadata.deletionTimestamp = new Date(0).toISOString();
    }
    send(response, 200, pod);
  }

  #patchPod({ key, body, dryRun, type, response }: Call): void {
    const pod = this.pods.get(key);
    if (!pod) return fail(response, 404, `pods "${key}" not found`);
    if (type !== 'application/json-patch+json') return fail(response, 415, `patch of ${type}`);
    const copy = structuredClone(pod);
    for (const operation of body as { op: string; path: string; value?: unknown }[]) {
      if (!applyOperation(copy, operation)) {
        return fail(response, 422, 'the server rejected our request due to an error in it');
      }
    }
    copy.metadata.resourceVersion = this.#next();
    if (!dryRun) this.pods.set(key, copy);
    send(response, 200, copy);
  }

  #listPolicies({ namespace, response }: Call): void {
    const items = [...this.policies.values()].filter((one) => one.metadata.namespace === namespace);
    send(response, 200, { kind: 'NetworkPolicyList', items });
  }

  #createPolicy({ namespace, body, dryRun, response }: Call): void {
    const policy = structuredClone(body) as Stored;
    const key = `${namespace}/${policy.metadata.name}`;
    if (this.policies.has(key)) return fail(response, 409, `"${key}" already exists`);
    policy.metadata = { ...policy.metadata, uid: `uid-${key}`, resourceVersion: this.#next() };
    if (!dryRun) this.policies.set(key, policy);
    send(response, 201, policy);
  }
}

type Call = {
  readonly key: string;
  readonly namespace: string;
  readonly body: unknown;
  readonly dryRun: boolean;
  readonly type: string;
  readonly response: ServerResponse;
};

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function fail(
  response: ServerResponse,
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message }));
}

function applyOperation(
  document: unknown,
  operation: { op: string; path: string; value?: unknown },
): boolean {
  const keys = operation.path.split('/').slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  let here = document as Record<string, unknown>;
  for (const key of keys) {
    const next = here[key];
    if (typeof next !== 'object' || next === null) return false;
    here = next as Record<string, unknown>;
  }
  if (operation.op === 'test') {
    return JSON.stringify(here[last]) === JSON.stringify(operation.value);
  }
  if (operation.op === 'remove') return delete here[last];
  here[last] = operation.value;
  return true;
}
