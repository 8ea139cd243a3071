import type * as Client from '@kubernetes/client-node';

import { TooLargeError } from './outcome.ts';

/**
 * How requests reach the API server: credentials, connections, deadline, bound on the answer.
 *
 * Credentials are files that change (a pod's token lives an hour). The library reads them when it
 * thinks fit; here a 401 makes them be read again at once, and the request is made once more if
 * they are others now (see `outcome.ts`; an unauthorised request has done nothing).
 *
 * The library makes a new connection pool for every request and forgets it with its sockets open.
 * Here one pool serves all requests until `POOL_AGE_MAX_MS` or a failed connection, after which the
 * next request's own pool (with newly read certificates) takes its place and the old one is closed.
 */
const CALL_DEADLINE_MS = 5_000;
const POOL_AGE_MAX_MS = 600_000;
/** etcd holds objects to 1.5 MiB; a page of services or policies is far below this. */
export const BODY_BYTES_MAX = 8 * 1_048_576;

export type KubeOptions = {
  /** A kubeconfig file; without one the pod's own service account. */
  readonly kubeconfig?: string;
  readonly deadlineMs?: number;
  readonly now: () => number;
};

type Pool = NonNullable<ReturnType<Client.RequestContext['getDispatcher']>>;

export class Connection {
  readonly configuration: Client.Configuration;
  readonly #client: typeof Client;
  readonly #options: KubeOptions;
  #config: Client.KubeConfig;
  #credential: string | undefined;
  #pool: Pool | undefined;
  #poolSinceMs = 0;

  constructor(client: typeof Client, options: KubeOptions) {
    this.#client = client;
    this.#options = options;
    this.#config = this.#load();
    const cluster = this.#config.getCurrentCluster();
    if (cluster === null) throw new Error('the kubeconfig names no current cluster');
    this.configuration = client.createConfiguration({
      baseServer: new client.ServerConfiguration(cluster.server, {}),
      authMethods: {
        default: {
          getName: () => 'kubeconfig',
          applySecurityAuthentication: (context) => this.#authenticate(context),
        },
      },
      httpApi: boundedHttp(client, BODY_BYTES_MAX),
      promiseMiddleware: [{
        pre: async (context) => this.#prepare(context),
        post: async (context) => context,
      }],
    });
  }

  /** What requests bear now; a secret, to be compared and nothing else. */
  async credential(): Promise<string | undefined> {
    if (this.#credential === undefined) await this.#readCredential();
    return this.#credential;
  }

  /** One GET whose answer is JSON, past the library's models: those take seconds for 1,000 pods. */
  async getText(pathAndQuery: string): Promise<string> {
    const { ApiException, HttpMethod } = this.#client;
    const request = this.configuration.baseServer.makeRequestContext(pathAndQuery, HttpMethod.GET);
    request.setHeaderParam('Accept', 'application/json');
    await this.#authenticate(request);
    const prepared = this.#prepare(request);
    const response = await this.configuration.httpApi.send(prepared).toPromise();
    const { httpStatusCode: status, body, headers } = response;
    const text = await body.text();
    if (status !== 200) throw new ApiException(status, `HTTP ${status}`, text, headers);
    return text;
  }

  /** True when the credentials in the files are others than `before`. */
  async renewCredentials(before: string | undefined): Promise<boolean> {
    this.#config = this.#load();
    this.dropPool();
    await this.#readCredential();
    return this.#credential !== before;
  }

  /** The next request connects anew, with certificates read anew. */
  dropPool(): void {
    // `close` lets the requests under way finish.
    void this.#pool?.close();
    this.#pool = undefined;
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
    this.#pool = undefined;
  }

  #load(): Client.KubeConfig {
    const config = new this.#client.KubeConfig();
    const { kubeconfig } = this.#options;
    if (kubeconfig === undefined) config.loadFromCluster();
    else config.loadFromFile(kubeconfig);
    return config;
  }

  async #readCredential(): Promise<void> {
    const server = this.#config.getCurrentCluster()?.server ?? 'http://none';
    const probe = new this.#client.RequestContext(server, this.#client.HttpMethod.GET);
    await this.#authenticate(probe);
    void probe.getDispatcher()?.close();
  }

  async #authenticate(context: Client.RequestContext): Promise<void> {
    await this.#config.applySecurityAuthentication(context);
    const headers = context.getHeaders();
    this.#credential = headers['Authorization'] ?? headers['authorization'];
  }

  #prepare(context: Client.RequestContext): Client.RequestContext {
    const { deadlineMs = CALL_DEADLINE_MS, now } = this.#options;
    context.setSignal(AbortSignal.timeout(deadlineMs));
    const own = context.getDispatcher();
    if (own === undefined) return context;
    if (this.#pool !== undefined && now() - this.#poolSinceMs > POOL_AGE_MAX_MS) this.dropPool();
    if (this.#pool === undefined) {
      this.#pool = own;
      this.#poolSinceMs = now();
    }
    context.setDispatcher(this.#pool);
    return context;
  }
}

/** The library's own transport, whose answers end at `bytesMax`. */
function boundedHttp(client: typeof Client, bytesMax: number): Client.HttpLibrary {
  const http = new client.IsomorphicFetchHttpLibrary();
  return client.wrapHttpLibrary({
    send: async (request) => {
      const response = await http.send(request).toPromise();
      const stream = response.body.stream() as ReadableStream<Uint8Array> | null;
      let read: Promise<Buffer> | undefined;
      // Once: the library parses the text and forgets it, and evidence wants it as it came.
      const binary = (): Promise<Buffer> =>
        read ??= stream === null ? Promise.resolve(Buffer.alloc(0)) : readBounded(stream, bytesMax);
      return new client.ResponseContext(response.httpStatusCode, response.headers, {
        binary,
        text: async () => (await binary()).toString('utf8'),
        stream: () => null,
      });
    },
  });
}

async function readBounded(
  stream: ReadableStream<Uint8Array>,
  bytesMax: number,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop by an error cancels the stream, and so ends the connection.
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new TooLargeError(`the answer is above ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
