import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { SecureContextOptions, Server as TlsServer, TLSSocket } from 'node:tls';

import { formatAddress, parseAddress } from '../../config/address.ts';
import { namedError } from '../../config/named-error.ts';

/**
 * Takes connections and hands those whose handshake is done to gRPC, which would by itself bound
 * neither of them. TLS 1.3, HTTP/2 only. No session is resumed: every handshake is checked against
 * the authority of now, so that one that was removed opens no door.
 *
 * Bounds: `CONNECTIONS_MAX` in all, and the one above is dropped. `HANDSHAKES_MAX` under way, and
 * the oldest goes: an honest handshake takes milliseconds, one that is never finished has had its
 * time. Both are counted by the caller.
 */
export const CONNECTIONS_MAX = 6_000;
/** A fleet of a thousand that comes back in one moment; some 50 MB at most. */
export const HANDSHAKES_MAX = 1_024;
const ALPN = ['h2'];

export type Drop = 'too-many-connections' | 'handshake-overflow' | 'handshake-failed';

export type ListenerOptions = {
  readonly tls?: {
    readonly context: SecureContextOptions;
    /** Asks for a client certificate of the authority and lets nobody in without. */
    readonly isMutual: boolean;
  };
  readonly handshakeMs: number;
  readonly inject: (socket: Socket) => void;
  readonly onDropped: (drop: Drop, peer: string, detail: string) => void;
  readonly connectionsMax?: number;
  readonly handshakesMax?: number;
};

export class LinkListener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #tls: TlsServer | undefined;
  readonly #open = new Set<Socket>();
  /** Oldest first, by the peer's address and port. */
  readonly #handshakes = new Map<string, Socket>();
  /** Counted when they made room; their end is no second event. */
  #evicted = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#tls = options.tls === undefined ? undefined : this.#createTls(options.tls);
    this.#server = createServer((socket) => this.#accept(socket));
    // A connection that is gone before it is taken: nothing of ours depends on it.
    this.#server.on('error', () => undefined);
  }

  get connectionCount(): number {
    return this.#open.size;
  }

  get handshakeCount(): number {
    return this.#handshakes.size;
  }

  /** Resolves to the address in use. */
  listen(address: string): Promise<string> {
    const parsed = parseAddress(address);
    const path = /^unix:(?:\/\/)?(?<path>\/.*)$/.exec(address)?.groups?.['path'];
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(namedError('link.address', error));
      this.#server.once('error', fail);
      this.#server.listen(parsed ?? { path: path ?? address }, () => {
        this.#server.off('error', fail);
        const bound = this.#server.address();
        const isPort = parsed !== undefined && bound !== null && typeof bound === 'object';
        resolve(isPort ? formatAddress({ host: parsed.host, port: bound.port }) : address);
      });
    });
  }

  /** For the handshakes from now on; connections that are open are not touched. */
  setContext(context: SecureContextOptions): void {
    this.#tls?.setSecureContext(context);
  }

  /** Takes no more connections; those that gRPC has are its own to end. */
  stop(): void {
    this.#server.close();
    for (const socket of this.#handshakes.values()) socket.destroy();
  }

  /** Resolves when no connection is left. */
  async drained(): Promise<void> {
    while (this.#open.size > 0) {
      await Promise.all([...this.#open].map((socket) =>
        // Not `once` of node:events, which rejects when one is reset meanwhile.
        new Promise<void>((resolve) => socket.once('close', () => resolve()))));
    }
  }

  /** Whatever is still open now. */
  destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #createTls(
    { context, isMutual }: NonNullable<ListenerOptions['tls']>,
  ): TlsServer {
    const { handshakeMs, inject, onDropped } = this.#options;
    const server = createTlsServer({
      ...context,
      requestCert: isMutual,
      rejectUnauthorized: isMutual,
      ALPNProtocols: ALPN,
      handshakeTimeout: handshakeMs,
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      this.#handshakes.delete(peerOf(socket));
      socket.on('error', () => socket.destroy());
      inject(socket);
    });
    server.on('tlsClientError', (error: Error & { readonly reason?: string }, socket) => {
      // Of a certificate that is not the authority's, the error says no more than that the peer
      // hung up; the socket knows, as a code (which the types call an Error).
      const code: unknown = socket.authorizationError;
      if (this.#evicted > 0 && code === null && socket.remoteAddress === undefined) {
        this.#evicted -= 1;
        return;
      }
      const detail = typeof code === 'string' ? code : error.reason ?? error.message;
      onDropped('handshake-failed', peerOf(socket), detail);
      socket.destroy();
    });
    return server;
  }

  #accept(socket: Socket): void {
    const { inject, onDropped, connectionsMax, handshakesMax } = this.#options;
    const peer = peerOf(socket);
    socket.on('error', () => socket.destroy());
    if (this.#open.size >= (connectionsMax ?? CONNECTIONS_MAX)) {
      onDropped('too-many-connections', peer, `${this.#open.size} are open`);
      socket.destroy();
      return;
    }
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      if (this.#handshakes.get(peer) === socket) this.#handshakes.delete(peer);
    });
    if (this.#tls === undefined) {
      inject(socket);
      return;
    }
    const [oldest] = this.#handshakes;
    if (oldest !== undefined && this.#handshakes.size >= (handshakesMax ?? HANDSHAKES_MAX)) {
      this.#handshakes.delete(oldest[0]);
      this.#evicted += 1;
      onDropped('handshake-overflow', oldest[0], 'too many handshakes are under way');
      oldest[1].destroy();
    }
    this.#handshakes.set(peer, socket);
    this.#tls.emit('connection', socket);
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string =>
  `${remoteAddress ?? '?'}:${remotePort ?? 0}`;
