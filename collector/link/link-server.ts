import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';

import { isLoopback, parseAddress } from '../../config/address.ts';
import { LINK_MESSAGE_BYTES_MAX } from '../../proto/lanner/v1/bounds.ts';
import type { CommandFrame } from '../../proto/lanner/v1/frames.ts';
import { fleetService } from '../../proto/lanner/v1/service.ts';
import type { Clock } from '../clock.ts';
import { LogGate } from '../log-gate.ts';
import type { AgentName, BatchStore } from '../store/faces.ts';
import { AgentLink } from './agent-link.ts';
import type { CommandOutcome, LinkEnd, LinkReceiver, LinkRefusal } from './agent-link.ts';
import { CallCredential } from './call-credential.ts';
import { CertificateFiles } from './certificate-files.ts';
import type { LinkTls } from './certificate-files.ts';
import { PROTOCOLS } from './greeting.ts';
import type { ProtocolRange } from './greeting.ts';
import { identifyNobody } from './identity.ts';
import type { Identify } from './identity.ts';
import { LinkRates, RATE_LIMITS } from './link-rate.ts';
import type { RateLimits } from './link-rate.ts';
import { LinkListener } from './listener.ts';
import type { Drop } from './listener.ts';

export type { LinkTls } from './certificate-files.ts';

/**
 * The gRPC server that the agents' links end in. Plaintext, and agents that nobody vouches for, are
 * for loopback: elsewhere it needs TLS and an identity, or the operator's word (`insecure`) that the
 * network is safe. Bounds: `LINKS_MAX` streams; one per node (a second takes the first's place: its
 * agent has restarted); `STREAMS_PER_PEER_MAX` of one certificate, or of one connection where
 * tokens say who speaks; `STREAMS_PER_CONNECTION_MAX` where nobody does. A connection on which
 * nothing is opened ends like one that says no hello.
 */
export const LINKS_MAX = 5_000;
export const STREAMS_PER_PEER_MAX = 4;
const STREAMS_PER_CONNECTION_MAX = 16;
const KEEPALIVE_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
const STOP_MS = 5_000;

export type LinkServerOptions = {
  readonly address: string;
  readonly tls?: LinkTls;
  readonly insecure: boolean;
  readonly store: BatchStore;
  readonly receiver: LinkReceiver;
  readonly clock: Clock;
  readonly log: Logger;
  readonly helloDeadlineMs: number;
  readonly windowBatches: number;
  readonly collectorVersion: string;
  readonly onEnded?: (end: LinkEnd) => void;
  /** Who a peer is; without it, whoever it says. */
  readonly identify?: Identify;
  /** The only cluster that agents may be of; empty for any. */
  readonly cluster?: string;
  readonly rates?: RateLimits;
  readonly protocols?: ProtocolRange;
  /** A connection that came to no stream. */
  readonly onDropped?: (drop: Drop) => void;
  /** The certificate files changed and are used, or changed and cannot be. */
  readonly onReload?: (outcome: 'used' | 'unusable') => void;
  readonly linksMax?: number;
  readonly connectionsMax?: number;
  readonly handshakesMax?: number;
};

/** The links that are open, for those who have something to say to an agent. */
export type AgentLinks = {
  readonly openCount: number;
  isConnected(agent: AgentName): boolean;
  open(): readonly AgentLink[];
  send(agent: AgentName, frame: CommandFrame, deadlineMs: number): Promise<CommandOutcome>;
};

const nodeKey = ({ cluster, node }: AgentName): string => JSON.stringify([cluster, node]);

export class LinkServer implements AgentLinks {
  readonly #options: LinkServerOptions;
  readonly #server: Server;
  readonly #streams = new Set<AgentLink>();
  readonly #byNode = new Map<string, AgentLink>();
  readonly #byPeer = new Map<string, number>();
  readonly #rates: LinkRates;
  readonly #gate: LogGate;
  #listener: LinkListener | undefined;
  #files: CertificateFiles | undefined;

  constructor(options: LinkServerOptions) {
    this.#options = options;
    this.#rates = new LinkRates(options.rates ?? RATE_LIMITS);
    this.#gate = new LogGate(options.clock);
    this.#server = new Server({
      'grpc.max_receive_message_length': LINK_MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': LINK_MESSAGE_BYTES_MAX,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc.max_concurrent_streams': STREAMS_PER_CONNECTION_MAX,
      'grpc.max_connection_idle_ms': options.helloDeadlineMs,
    });
    this.#server.addService(fleetService, {
      link: (call: ServerDuplexStream<Buffer, Buffer>) => this.accept(call),
    });
  }

  /** Resolves to the address in use; rejects when it cannot be bound or must not be. */
  async start(): Promise<string> {
    const { address, tls, insecure, identify } = this.#options;
    const parsed = parseAddress(address);
    const isUnix = address.startsWith('unix:');
    const isLocal = isUnix || (parsed !== undefined && isLoopback(parsed.host));
    if (parsed === undefined && !isLocal) throw new Error(`link.address ${address} is no address`);
    if (tls === undefined && !isLocal && !insecure) {
      throw new Error(
        `link.address ${address} is not loopback: set link.tls, or link.insecure: true ` +
          'to let agents connect in plaintext',
      );
    }
    if (identify === undefined && !isLocal && !insecure) {
      throw new Error(
        `link.address ${address} is not loopback: set link.identity, or link.insecure: true ` +
          'to let any agent speak for any node',
      );
    }
    this.#listener = await this.#createListener(tls);
    try {
      return await this.#listener.listen(address);
    } catch (error) {
      this.#files?.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const links = [...this.#streams];
    for (const link of links) link.close('stopping', status.UNAVAILABLE, 'the collector stops');
    await Promise.all(links.map((link) => link.settled()));
    this.#files?.stop();
    this.#listener?.stop();
    const cancel = this.#options.clock.after(STOP_MS, () => {
      this.#server.forceShutdown();
      this.#listener?.destroy();
    });
    // Its word is not waited for: gRPC forgets to give it when a session is destroyed and not closed
    // yet, which is where a connection is that was reset just now. Sockets are counted here anyway.
    this.#server.tryShutdown(() => undefined);
    await this.#listener?.drained();
    cancel();
  }

  /** When the certificate in use ends, in milliseconds since 1970; undefined without TLS. */
  get certificateNotAfterMs(): number | undefined {
    return this.#files?.notAfterMs;
  }

  get openCount(): number {
    return this.#byNode.size;
  }

  isConnected(agent: AgentName): boolean {
    return this.#byNode.has(nodeKey(agent));
  }

  open(): readonly AgentLink[] {
    return [...this.#byNode.values()];
  }

  async send(agent: AgentName, frame: CommandFrame, deadlineMs: number): Promise<CommandOutcome> {
    const link = this.#byNode.get(nodeKey(agent));
    return link === undefined ? { ok: false, reason: 'no-link' } : link.command(frame, deadlineMs);
  }

  /** A new stream; its agent has not said anything yet. */
  accept(call: ServerDuplexStream<Buffer, Buffer>): void {
    const { identify, cluster, protocols, linksMax, clock } = this.#options;
    const credential = new CallCredential(call);
    const key = identify === undefined ? '' : credential.peerKey;
    const streams = this.#byPeer.get(key) ?? 0;
    if (this.#streams.size >= (linksMax ?? LINKS_MAX)) {
      this.#decline(call, 'too-many-links');
      return;
    }
    if (streams >= STREAMS_PER_PEER_MAX && key !== '') {
      this.#decline(call, 'too-many-streams');
      return;
    }
    this.#byPeer.set(key, streams + 1);
    const link = new AgentLink({
      ...this.#options,
      call,
      peer: call.getPeer(),
      gate: this.#gate,
      identify: () => (identify ?? identifyNobody)(credential),
      cluster: cluster ?? '',
      protocols: protocols ?? PROTOCOLS,
      rateOf: (agent) => this.#rates.of(nodeKey(agent), clock.now()),
      onOpen: (opened) => this.#register(opened),
      onEnd: (ended, end) => {
        this.#releasePeer(key);
        this.#forget(ended, end);
      },
    });
    this.#streams.add(link);
  }

  #decline(call: ServerDuplexStream<Buffer, Buffer>, reason: LinkRefusal): void {
    this.#options.receiver.onRefused(reason);
    this.#warn('link refused', reason, { peer: call.getPeer() });
    call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: reason.replaceAll('-', ' ') });
  }

  #releasePeer(key: string): void {
    const left = (this.#byPeer.get(key) ?? 1) - 1;
    if (left > 0) this.#byPeer.set(key, left);
    else this.#byPeer.delete(key);
  }

  async #createListener(tls: LinkTls | undefined): Promise<LinkListener> {
    const { clock, log, helloDeadlineMs, onDropped, onReload } = this.#options;
    const { connectionsMax, handshakesMax } = this.#options;
    const injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    const common = {
      handshakeMs: helloDeadlineMs,
      inject: (socket: Socket) => injector.injectConnection(socket),
      onDropped: (drop: Drop, peer: string, detail: string) => {
        onDropped?.(drop);
        this.#warn('connection dropped', drop, { peer, detail });
      },
      ...(connectionsMax === undefined ? {} : { connectionsMax }),
      ...(handshakesMax === undefined ? {} : { handshakesMax }),
    };
    if (tls === undefined) return new LinkListener(common);
    this.#files = new CertificateFiles({
      files: tls,
      readFile,
      clock,
      onChange: (changed) => {
        listener.setContext(changed);
        log.info('the link’s certificate files changed and are in use');
        onReload?.('used');
      },
      onProblem: (error) => {
        log.error({ err: error }, 'the link’s certificate files changed and cannot be used');
        onReload?.('unusable');
      },
    });
    const context = await this.#files.start();
    const isMutual = tls.caFile !== undefined;
    const listener = new LinkListener({ ...common, tls: { context, isMutual } });
    return listener;
  }

  /** What outsiders can cause, at a bounded rate. */
  #warn(
    message: 'link refused' | 'connection dropped' | 'an agent took the place of another',
    reason: string,
    data: Readonly<Record<string, unknown>>,
  ): void {
    const suppressed = this.#gate.open(`${message} ${reason}`);
    if (suppressed === undefined) return;
    this.#options.log.warn({ security: true, reason, ...data, suppressed }, message);
  }

  #register(link: AgentLink): void {
    const { hello } = link;
    if (hello === undefined) return;
    const older = this.#byNode.get(nodeKey(hello));
    this.#byNode.set(nodeKey(hello), link);
    older?.close('replaced', status.ABORTED, 'a newer link of the same node took its place');
    const { log } = this.#options;
    log.info({ node: hello.node, agentVersion: hello.agentVersion }, 'agent connected');
    // After a cut that nobody noticed it is the same agent. Again and again it is two of them, or
    // somebody with a stolen certificate.
    if (older !== undefined) {
      const peers = { peer: link.peer, olderPeer: older.peer };
      this.#warn('an agent took the place of another', 'replaced', { node: hello.node, ...peers });
    }
  }

  #forget(link: AgentLink, end: LinkEnd): void {
    this.#streams.delete(link);
    this.#options.onEnded?.(end);
    const { hello } = link;
    if (hello === undefined) return;
    if (this.#byNode.get(nodeKey(hello)) === link) this.#byNode.delete(nodeKey(hello));
    this.#options.log.info({ node: hello.node, end }, 'agent disconnected');
  }
}
