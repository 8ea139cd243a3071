import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { applyPatch } from './json-patch.ts';
import type { Operation } from './json-patch.ts';
import { admit, dropEmptyMaps } from './kube-admission.ts';
import type { Manifest } from './kube-admission.ts';

/**
 * Behaves like a kube-apiserver for the few calls that Lanner makes, over real HTTP: uid
 * preconditions (409), JSON patch tests (422), 404, 403, 429 with Retry-After, dry run, graceful
 * deletion, pages of lists. `refuse` makes the next requests fail. test/kube/contract.kube.ts asks
 * it and a real API server the same questions and wants the same answers.
 */
type Metadata = {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  labels?: Record<string, string>;
  deletionTimestamp?: string;
  finalizers?: string[];
};
export type Stored = {
  metadata: Metadata;
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
};
type Objects = Map<string, Stored>;

export type Refusal = {
  readonly times: number;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Only for requests whose `METHOD /path` matches. */
  readonly on?: RegExp;
};

export type ReviewedToken = {
  readonly username: string;
  readonly audiences: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
};

const UNPROCESSABLE = 'the server rejected our request due to an error in our request';

export class KubeApi {
  readonly #objects = new Map<string, Objects>();
  readonly pods: Objects = this.#of('pods');
  readonly policies: Objects = this.#of('networkpolicies');
  /** What a TokenReview says of each token; of others, that it does not know them. */
  readonly tokens = new Map<string, ReviewedToken>();
  /** By `namespace/pod/container`. */
  readonly logs = new Map<string, string>();
  /** `METHOD path?query`, as received. */
  readonly requests: string[] = [];
  /** Sees each request before it is answered. */
  onRequest: (line: string, headers: IncomingMessage['headers']) => void = () => undefined;
  #refusal: Refusal | undefined;
  #refusalsLeft = 0;
  #version = 100;
  #hangs = false;
  #rawBody: string | undefined;
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
    this.add({
      kind: 'Pod',
      metadata: {
        name,
        namespace,
        uid: over.uid ?? `uid-${name}`,
        ...(labels === null ? {} : { labels }),
      },
      spec: over.spec ?? {},
    });
  }

  addPolicy(namespace: string, name: string, spec: Record<string, unknown>): void {
    this.add({ kind: 'NetworkPolicy', metadata: { name, namespace, uid: `uid-${name}` }, spec });
  }

  /** Adds the object with what the API server fills in; gives back its uid. */
  add(manifest: Manifest): string {
    const { metadata, ...rest } = admit(manifest);
    const given = metadata['uid'];
    const uid = typeof given === 'string' ? given : `uid-${this.#next()}`;
    const plural = `${manifest.kind.toLowerCase()}s`.replace('policys', 'policies');
    this.#of(plural).set(`${metadata.namespace}/${metadata.name}`, {
      ...rest,
      metadata: { ...metadata, uid, resourceVersion: this.#next() },
    });
    return uid;
  }

  refuse(refusal: Refusal): void {
    this.#refusal = refusal;
    this.#refusalsLeft = refusal.times;
  }

  hang(): void {
    this.#hangs = true;
  }

  /** Each request is answered by this text, with status 200. */
  answerWith(body: string): void {
    this.#rawBody = body;
  }

  /** What a pod's containers end with: the object goes. */
  finishDeletion(): void {
    for (const [key, pod] of this.pods) if (pod.metadata.deletionTimestamp) this.pods.delete(key);
  }

  #of(resource: string): Objects {
    const found = this.#objects.get(resource) ?? new Map<string, Stored>();
    this.#objects.set(resource, found);
    return found;
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
    this.onRequest(line, request.headers);
    if (this.#hangs) return;
    if (this.#refusal && this.#refusalsLeft > 0 && (this.#refusal.on?.test(line) ?? true)) {
      this.#refusalsLeft -= 1;
      fail(response, this.#refusal.status, 'refused by the test', this.#refusal.headers);
      return;
    }
    if (this.#rawBody !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(this.#rawBody);
      return;
    }
    const url = new URL(request.url ?? '/', 'http://kube');
    const path = /^\/apis?(?:\/[a-z.0-9]+\.k8s\.io|\/apps|\/batch)?\/v1(?:\/namespaces\/([^/]+))?/;
    const [start = url.pathname, namespace = ''] = path.exec(url.pathname) ?? [];
    const rest = url.pathname.slice(start.length).split('/');
    const [, resource = '', name = '', subresource = ''] = rest;
    this.#route(`${request.method} ${name === '' ? 'list' : subresource || 'object'}`, {
      objects: this.#of(resource),
      resource,
      key: `${namespace}/${name}`,
      namespace,
      body: text === '' ? undefined : JSON.parse(text) as unknown,
      query: url.searchParams,
      type: request.headers['content-type'] ?? '',
      response,
    });
  }

  #route(verb: string, call: Call): void {
    const isReview = call.resource === 'tokenreviews';
    switch (verb) {
      case 'GET object': return this.#read(call);
      case 'GET list': return this.#list(call);
      case 'GET log': return this.#log(call);
      case 'DELETE object': return this.#delete(call);
      case 'PATCH object': return this.#patch(call);
      case 'PATCH scale': return this.#scale(call);
      case 'POST list': return isReview ? this.#reviewToken(call) : this.#create(call);
      default: return fail(call.response, 404, 'the server could not find the requested resource');
    }
  }

  #read({ objects, resource, key, response }: Call): void {
    const found = objects.get(key);
    if (found) send(response, 200, found);
    else fail(response, 404, `${resource} "${key}" not found`);
  }

  #reviewToken({ body, response }: Call): void {
    const { spec } = body as { spec: { token: string; audiences: readonly string[] } };
    const known = this.tokens.get(spec.token);
    const audiences = spec.audiences.filter((one) => known?.audiences.includes(one));
    const { username, extra } = known ?? {};
    const status = audiences.length > 0
      ? { authenticated: true, user: { username, uid: 'u', groups: [], extra }, audiences }
      : { user: {}, error: '[invalid bearer token, token lookup failed]' };
    send(response, 201, { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', status });
  }

  #list({ objects, namespace, query, response }: Call): void {
    const uid = /^involvedObject\.uid=(.*)$/.exec(query.get('fieldSelector') ?? '')?.[1];
    const all = [...objects.values()].filter((one) =>
      (namespace === '' || one.metadata.namespace === namespace) &&
      (uid === undefined ||
        (one as { involvedObject?: { uid?: string } }).involvedObject?.uid === uid));
    const start = Number(query.get('continue') ?? 0);
    const end = start + Number(query.get('limit') ?? all.length);
    const rest = end < all.length ? { continue: String(end) } : {};
    send(response, 200, { kind: 'List', metadata: rest, items: all.slice(start, end) });
  }

  #log({ key, query, response }: Call): void {
    const log = this.logs.get(`${key}/${query.get('container')}`);
    if (log === undefined || query.get('previous') === 'true') {
      return fail(response, 400, 'previous terminated container not found');
    }
    const limit = Number(query.get('limitBytes') ?? Infinity);
    response.writeHead(200, { 'content-type': 'text/plain' })
      .end(Buffer.from(log).subarray(0, limit));
  }

  #delete({ objects, resource, key, body, query, response }: Call): void {
    const found = objects.get(key);
    if (!found) return fail(response, 404, `${resource} "${key}" not found`);
    const options = body as {
      preconditions?: { uid?: string };
      gracePeriodSeconds?: number;
      dryRun?: string[];
    } | undefined;
    const wanted = options?.preconditions?.uid;
    if (wanted !== undefined && wanted !== found.metadata.uid) {
      return fail(response, 409, `Precondition failed: UID in precondition: ${wanted}, ` +
        `UID in object meta: ${found.metadata.uid}`);
    }
    // As the real one: with options in the body those of the query count for nothing.
    const isDry = options === undefined
      ? query.get('dryRun') === 'All'
      : options.dryRun?.includes('All') === true;
    if (!isDry) {
      const isHeld = (found.metadata.finalizers ?? []).length > 0;
      if (options?.gracePeriodSeconds === 0 && !isHeld) objects.delete(key);
      else found.metadata.deletionTimestamp = new Date(0).toISOString();
    }
    send(response, 200, found);
  }

  #patch({ objects, resource, key, body, query, type, response }: Call): void {
    const found = objects.get(key);
    if (!found) return fail(response, 404, `${resource} "${key}" not found`);
    if (type !== 'application/json-patch+json') return fail(response, 415, `patch of ${type}`);
    const copy = structuredClone(found);
    if (!applyPatch(copy, body as Operation[])) return fail(response, 422, UNPROCESSABLE);
    const wrong = Object.entries(copy.metadata.labels ?? {})
      .find(([, value]) => !/^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/.test(value));
    if (wrong) return invalid(response, `metadata.labels: Invalid value: "${wrong[1]}"`);
    copy.metadata.resourceVersion = this.#next();
    dropEmptyMaps(copy.metadata);
    if (query.get('dryRun') !== 'All') objects.set(key, copy);
    send(response, 200, copy);
  }

  #scale({ objects, resource, key, body, query, response }: Call): void {
    const found = objects.get(key);
    if (!found) return fail(response, 404, `${resource} "${key}" not found`);
    const replicas = found.spec['replicas'];
    const scale = { metadata: structuredClone(found.metadata), spec: { replicas } };
    // A zero is left out on the wire, and so for a patch it is not there.
    if (replicas === 0) delete scale.spec.replicas;
    if (!applyPatch(scale, body as Operation[])) return fail(response, 422, UNPROCESSABLE);
    if (query.get('dryRun') !== 'All') found.spec['replicas'] = scale.spec.replicas;
    send(response, 200, scale);
  }

  #create({ objects, namespace, body, query, response }: Call): void {
    const object = structuredClone(body) as Stored;
    const key = `${namespace}/${object.metadata.name}`;
    if (objects.has(key)) return fail(response, 409, `"${key}" already exists`);
    object.metadata = { ...object.metadata, uid: `uid-${key}`, resourceVersion: this.#next() };
    if (query.get('dryRun') !== 'All') objects.set(key, object);
    send(response, 201, object);
  }
}

type Call = {
  readonly objects: Objects;
  readonly resource: string;
  readonly key: string;
  readonly namespace: string;
  readonly body: unknown;
  readonly query: URLSearchParams;
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

/** 422 of another kind: the object that the patch makes is wrong, cause by cause. */
function invalid(response: ServerResponse, message: string): void {
  const details = { causes: [{ reason: 'FieldValueInvalid', message }] };
  send(response, 422, { kind: 'Status', status: 'Failure', code: 422, message, details });
}
