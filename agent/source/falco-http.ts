/**
 * The receiver of Falco's `http_output`, the way of Falco 0.44 and later: one POST per event, one
 * after the other on one connection, and Falco waits for each answer with all its outputs. So the
 * answer is written when the body is there and looks right, and the event is worked through after
 * that, in the same turn of the event loop: there is never another one to gather it with, and what
 * was acknowledged never waits, so that a stop loses none of it.
 *
 * Bounds: size of a body, number of connections (`connection-room.ts`), time for a request; nothing
 * queues here. Most events are recognised by their bytes (`body-events.ts`), and a body is taken
 * past Node's stream (`http-post.ts`): most of what a post costs is HTTP. What fails: Falco
 * ignores statuses and loses what finds nobody listening, so a restart of this side is a loss that
 * only Falco's own log shows. A Falco that restarts is seen by its connection (`http-senders.ts`).
 *
 * Anybody who reaches the port can forge events: bind it to the node's own address, and use mutual
 * TLS (`mtls: true` in Falco) wherever a pod can reach that.
 */
import assert from 'node:assert/strict';
import type { Server, ServerResponse } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import { ConnectionRoom } from './connection-room.ts';
import type { Source, SourceSink } from './event.ts';
import { BodyEvents } from './body-events.ts';
import { HttpPost } from './http-post.ts';
import type { PostReceiver } from './http-post.ts';
import type { HttpRejection } from './http-rejection.ts';
import { BODY_BYTES_MAX, bodyRejection, headRejection } from './http-rejection.ts';
import { HttpSenders } from './http-senders.ts';
import { Intake } from './intake.ts';
import { LogGate } from './log-gate.ts';
import { detailText } from './text.ts';

/** One Falco, its successor during a rollout, and a test by hand. */
export const CONNECTIONS_MAX = 16;
const REQUEST_TIMEOUT_MS = 10_000;
/** How often Node looks for requests that take too long; by itself it does every 30 s. */
const TIMEOUT_CHECK_MS = 1_000;
/**
 * A connection is never closed for being idle: one that we close under a POST is a lost event. TCP
 * itself asks whether the peer still lives; who holds a place for nothing loses it to who comes.
 */
const PEER_CHECK_MS = 60_000;

/** PEM. */
export type HttpTls = { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };

export type FalcoHttpOptions = {
  readonly host: string;
  readonly port: number;
  /** The path of `http_output.url`. */
  readonly path: string;
  readonly tls?: HttpTls;
  readonly sink: SourceSink;
  readonly clock: Clock;
  readonly log: Logger;
};

export type HttpCounters = {
  requests: number;
  connections: number;
  readonly rejected: Record<HttpRejection, number>;
};

export class FalcoHttpSource implements Source {
  readonly counters: HttpCounters = {
    requests: 0,
    connections: 0,
    rejected: {
      method: 0,
      path: 0,
      'content-type': 0,
      'too-large': 0,
      'not-falco': 0,
      http: 0,
      tls: 0,
      connections: 0,
    },
  };
  readonly #options: FalcoHttpOptions;
  readonly #intake: Intake;
  readonly #gate: LogGate;
  readonly #events = new BodyEvents();
  readonly #server: Server | https.Server;
  readonly #senders: HttpSenders;
  readonly #room = new ConnectionRoom(CONNECTIONS_MAX);
  readonly #receiver: PostReceiver = {
    onBody: (post, body, response) => this.#body(body, post.socket, response),
    onTooLarge: (response) => this.#reject('too-large', response),
  };
  #stopped: Promise<void> | undefined;

  constructor(options: FalcoHttpOptions) {
    this.#options = options;
    this.#intake = new Intake(options);
    this.#gate = new LogGate(options.clock);
    this.#senders = new HttpSenders({
      clock: options.clock,
      onStreaming: () =>
        options.sink.onState({ state: 'streaming', detail: 'Falco sends events' }),
      onDisconnected: () =>
        options.sink.onState({ state: 'disconnected', detail: 'Falco closed its connection' }),
      onGap: (gap) => this.#intake.gap(gap),
    });
    this.#server = this.#createServer();
  }

  get valuesCut(): number {
    return this.#events.valuesCut;
  }

  get intake(): Intake['counters'] {
    return this.#intake.counters;
  }

  /** Known once the state `connecting` was told; `port: 0` lets the system choose. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  start(): void {
    const { host, port, path, tls, sink, log } = this.#options;
    this.#server.on('error', (error) => {
      const detail = detailText(error.message);
      log.error({ err: error }, 'cannot listen for Falco http_output');
      sink.onState({ state: 'ended', detail });
    });
    this.#server.listen(port, host, () => {
      const scheme = tls === undefined ? 'http' : 'https';
      const detail = `listening on ${scheme}://${host}:${this.port}${path}`;
      log.info({ detail }, 'Falco HTTP source');
      sink.onState({ state: 'connecting', detail });
    });
  }

  stop(): Promise<void> {
    this.#stopped ??= new Promise((resolve) => {
      this.#senders.stop();
      this.#server.close(() => {
        this.#options.sink.onState({ state: 'ended', detail: 'stopped' });
        resolve();
      });
      this.#server.closeAllConnections();
    });
    return this.#stopped;
  }

  /** New connections use it; those that are open keep what they have. */
  renewCertificate(tls: HttpTls): void {
    assert(this.#server instanceof https.Server, 'only a TLS endpoint has a certificate');
    this.#server.setSecureContext(tls);
  }

  #createServer(): Server | https.Server {
    const { tls } = this.#options;
    const limits = {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      keepAliveTimeout: 0,
      keepAlive: true,
      keepAliveInitialDelay: PEER_CHECK_MS,
      noDelay: true,
      IncomingMessage: HttpPost,
    };
    const listener = (request: HttpPost, response: ServerResponse): void =>
      this.#request(request, response);
    const server =
      tls === undefined
        ? http.createServer(limits, listener)
        : https.createServer(
            {
              ...limits,
              ...tls,
              handshakeTimeout: REQUEST_TIMEOUT_MS,
              requestCert: true,
              rejectUnauthorized: true,
            },
            listener,
          );
    server.on('connection', (socket: Socket) => {
      this.counters.connections += 1;
      if (this.#room.enter(socket)) this.#count('connections');
    });
    server.on('tlsClientError', () => this.#count('tls'));
    server.on('clientError', (_error, socket) => {
      this.#count('http');
      // The peer may be gone already; then there is nobody to tell.
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      else socket.destroy();
    });
    return server;
  }

  #request(request: HttpPost, response: ServerResponse): void {
    this.counters.requests += 1;
    response.sendDate = false;
    const rejection = headRejection(request, this.#options.path);
    if (rejection !== undefined) {
      this.#reject(rejection, response);
      return;
    }
    request.takeBody(this.#receiver, response, BODY_BYTES_MAX);
  }

  #body(body: Buffer, socket: Socket, response: ServerResponse): void {
    const rejection = bodyRejection(body);
    if (rejection !== undefined) {
      this.#reject(rejection, response);
      return;
    }
    // Written to the socket before this returns: 200, and no body.
    response.end();
    this.#room.brought(socket);
    this.#senders.seen(socket);
    this.#intake.acceptAlone(this.#events.decode(body));
  }

  /** Closes the connection: what the rest of its bytes would be, nobody knows. */
  #reject(rejection: HttpRejection, response: ServerResponse): void {
    this.#count(rejection);
    // These were meant to be events; the others are a port scan or a wrong URL.
    if (rejection === 'not-falco' || rejection === 'too-large') this.#intake.refuse(rejection);
    const status = rejection === 'too-large' ? 413 : 400;
    const text = `rejected: ${rejection}\n`;
    const headers = { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(text) };
    response.writeHead(status, { ...headers, Connection: 'close' });
    response.end(text);
  }

  #count(rejection: HttpRejection): void {
    this.counters.rejected[rejection] += 1;
    const suppressed = this.#gate.pass(rejection);
    if (suppressed >= 0) {
      this.#options.log.warn({ reason: rejection, suppressed }, 'rejected HTTP request');
    }
  }
}
