/**
 * A Falco for demos and tests: Falco's gRPC services with Falco's manners, as measured on 0.40,
 * and recorded events instead of a kernel.
 *
 * - `sub` is request-driven: each request drains the queue, then it waits for the next one. No
 *   metadata comes before the first event. A half-closed call is left hanging.
 * - one queue for all clients, popped before it is sent: what a dying client had not read is gone.
 * - while no client asks, everything stays here, without a bound, and goes to the first who comes.
 * - `restart` ends all streams with OK (SIGHUP, new rules); `kill` cuts them (SIGKILL).
 * - from version 0.44 on there are no gRPC services: UNIMPLEMENTED.
 */
import { rmSync } from 'node:fs';
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { falcoOutputs, falcoVersioning } from '../../proto/falco/service.ts';
import { encodeVersion } from '../../proto/falco/version.ts';
import { EventQueue } from './event-queue.ts';
import type { GrpcShape } from './recorded-event.ts';
import { grpcResponse } from './recorded-event.ts';

export type FalcoReplayOptions = {
  /** `unix:///path/to/socket` or `host:port`. */
  readonly address: string;
  /** PEM; mutual TLS, as Falco always has it on TCP. */
  readonly tls?: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
  readonly version?: string;
  readonly jsonOutput?: boolean;
  readonly hostileShare?: number;
  readonly random?: () => number;
};

export type FalcoReplayCounters = {
  queued: number;
  delivered: number;
  requests: number;
  streams: number;
};

type Writable = ServerDuplexStream<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>;

/** So that two clients share the queue as two threads of Falco would. */
const EVENTS_PER_TURN = 16;
const GRPC_REMOVED_IN_MINOR = 44;

const numbersOf = (version: string): readonly [number, number, number] => {
  const [major, minor, patch] = version.split(/[.-]/).map(Number);
  return [major ?? 0, minor ?? 0, patch ?? 0];
};

export class FalcoReplay {
  readonly counters: FalcoReplayCounters = {
    queued: 0,
    delivered: 0,
    requests: 0,
    streams: 0,
  };
  readonly #options: FalcoReplayOptions;
  readonly #shape: GrpcShape;
  readonly #queue = new EventQueue();
  readonly #streams = new Set<ServerDuplexStream<Buffer, Buffer>>();
  readonly #halfClosed = new Set<ServerDuplexStream<Buffer, Buffer>>();
  #server: Server | undefined;
  #port = 0;

  constructor(options: FalcoReplayOptions) {
    this.#options = options;
    this.#shape = {
      jsonOutput: options.jsonOutput ?? false,
      hostileShare: options.hostileShare ?? 0,
      random: options.random ?? Math.random,
    };
  }

  /** Events that no client has taken yet. */
  get backlog(): number {
    return this.#queue.length;
  }

  /** Streams that are open now. */
  get clients(): number {
    return this.#streams.size;
  }

  /** Streams that their client half-closed, and that hang for it. */
  get hanging(): number {
    return this.#halfClosed.size;
  }

  /** Where to connect; the port is known after `start`. */
  get address(): string {
    const { address } = this.#options;
    return address.startsWith('unix:') ? address : address.replace(/:\d+$/, `:${this.#port}`);
  }

  async start(): Promise<void> {
    const [major, minor, patch] = numbersOf(this.#options.version ?? '0.40.0');
    const server = new Server();
    if (major === 0 && minor < GRPC_REMOVED_IN_MINOR) {
      const version = this.#options.version ?? '0.40.0';
      const answer = encodeVersion({ version, major, minor, patch, engineVersion: '0.49.0' });
      server.addService(falcoVersioning, {
        version: (_call: unknown, reply: (error: null, bytes: Buffer) => void) =>
          reply(null, answer),
      });
      server.addService(falcoOutputs, {
        sub: (call: ServerDuplexStream<Buffer, Buffer>) => this.#sub(call),
        get: (call: ServerWritableStream<Buffer, Buffer>) => void this.#get(call),
      });
    }
    // A killed Falco leaves its socket file behind, and the next one binds it again.
    if (this.address.startsWith('unix:')) rmSync(socketPath(this.address), { force: true });
    this.#port = await bind(server, this.address, this.#options.tls);
    this.#server = server;
  }

  /** Recorded JSON lines, as if they happened now. */
  push(lines: readonly string[]): void {
    for (const line of lines) this.pushBytes(grpcResponse(line, this.#shape));
  }

  /** A message as it goes over the wire, valid or not. */
  pushBytes(message: Buffer): void {
    this.counters.queued += 1;
    this.#queue.push(message);
  }

  /** SIGHUP: OK to every stream, and the server is gone for a moment. The queue stays. */
  async restart(whileDown: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    this.#endAll();
    await this.#shutDown();
    await whileDown();
    await this.start();
  }

  /** SIGKILL: connections break. `start` brings it back. */
  kill(): void {
    this.#streams.clear();
    this.#halfClosed.clear();
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  async stop(): Promise<void> {
    this.#endAll();
    await this.#shutDown();
  }

  /** Statuses reach their clients, and then whoever is still there is cut off. */
  async #shutDown(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      const giveUp = setTimeout(() => server.forceShutdown(), SHUTDOWN_GRACE_MS);
      server.tryShutdown(() => {
        clearTimeout(giveUp);
        resolve();
      });
    });
  }

  #sub(call: ServerDuplexStream<Buffer, Buffer>): void {
    this.counters.streams += 1;
    this.#streams.add(call);
    call.on('cancelled', () => this.#forget(call));
    void this.#serve(call);
  }

  async #serve(call: ServerDuplexStream<Buffer, Buffer>): Promise<void> {
    try {
      for await (const _request of call) {
        this.counters.requests += 1;
        await this.#drain(call);
      }
      // The real one never answers a half-close: the call stays open, for nothing, until it is
      // cancelled. (A cancelled call gets here as well, a moment before it says so.)
      if (this.#streams.has(call)) this.#halfClosed.add(call);
    } catch {
      // The client is gone; what was popped for it is lost, as with the real one.
      this.#forget(call);
    }
  }

  #forget(call: ServerDuplexStream<Buffer, Buffer>): void {
    this.#streams.delete(call);
    this.#halfClosed.delete(call);
  }

  #endAll(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
    this.#halfClosed.clear();
  }

  async #get(call: ServerWritableStream<Buffer, Buffer>): Promise<void> {
    await this.#drain(call);
    call.end();
  }

  async #drain(call: Writable): Promise<void> {
    let inTurn = 0;
    while (!call.cancelled && !call.writableEnded) {
      const event = this.#queue.pop();
      if (event === undefined) return;
      this.counters.delivered += 1;
      inTurn += 1;
      const isReady = call.write(event);
      if (!isReady) await drained(call);
      else if (inTurn % EVENTS_PER_TURN === 0) await nextTurn();
    }
  }
}

const socketPath = (address: string): string => address.replace(/^unix:(?:\/\/)?/, '');

const SHUTDOWN_GRACE_MS = 500;

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Room to write again, or nobody left to write to. */
const drained = (call: Writable): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      for (const event of ['drain', 'cancelled', 'close', 'finish']) call.off(event, end);
      resolve();
    };
    for (const event of ['drain', 'cancelled', 'close', 'finish']) call.on(event, end);
  });

const bind = (
  server: Server,
  address: string,
  tls: FalcoReplayOptions['tls'],
): Promise<number> => {
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(
          tls.ca,
          [{ cert_chain: tls.cert, private_key: tls.key }],
          true,
        );
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
};
