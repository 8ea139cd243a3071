import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';

import { formatAddress, isLoopback, parseAddress } from '../../config/address.ts';
import { namedError, readNamed } from '../../config/named-error.ts';
import { LINK_MESSAGE_BYTES_MAX } from '../../proto/lanner/v1/bounds.ts';
import type { CommandFrame } from '../../proto/lanner/v1/frames.ts';
import { fleetService } from '../../proto/lanner/v1/service.ts';
import type { Clock } from '../clock.ts';
import type { AgentName, BatchStore } from '../store/faces.ts';
import { AgentLink } from './agent-link.ts';
import type { CommandOutcome, LinkEnd, LinkReceiver } from './agent-link.ts';

/**
 * The gRPC server that the agents' links end in. Plaintext is for loopback: elsewhere it needs TLS,
 * or the operator's word (`insecure`) that the network is safe. Bounds: `LINKS_MAX` streams, one
 * per node (a second takes the first's place: its agent has restarted).
 */
const LINKS_MAX = 5_000;
const KEEPALIVE_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
const STOP_MS = 5_000;

export type LinkTls = {
  readonly certFile: string;
  readonly keyFile: string;
  /** Whose client certificates are let in; without it agents need none. */
  readonly caFile?: string;
};

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
};

/** The links that are open, for those who have something to say to an agent. */
export type AgentLinks = {
  readonly openCount: number;
  isConnected(agent: AgentName): boolean;
  open(): readonly AgentLink[];
  send(agent: AgentName, frame: CommandFrame, deadlineMs: number): Promise<CommandOutcome>;
};

function credentialsOf(tls: LinkTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { caFile, certFile, keyFile } = tls;
  return ServerCredentials.createSsl(
    caFile === undefined ? null : readNamed('link.tls.caFile', caFile),
    [{
      cert_chain: readNamed('link.tls.certFile', certFile),
      private_key: readNamed('link.tls.keyFile', keyFile),
    }],
    caFile !== undefined,
  );
}

const nodeKey = ({ cluster, node }: AgentName): string => JSON.stringify([cluster, node]);

export class LinkServer implements AgentLinks {
  readonly #options: LinkServerOptions;
  readonly #server: Server;
  readonly #streams = new Set<AgentLink>();
  readonly #byNode = new Map<string, AgentLink>();

  constructor(options: LinkServerOptions) {
    this.#options = options;
    this.#server = new Server({
      'grpc.max_receive_message_length': LINK_MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': LINK_MESSAGE_BYTES_MAX,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc.max_concurrent_streams': 16,
    });
    this.#server.addService(fleetService, {
      link: (call: ServerDuplexStream<Buffer, Buffer>) => this.#accept(call),
    });
  }

  /** Resolves to the address in use; rejects when it cannot be bound or must not be. */
  async start(): Promise<string> {
    const { address, tls, insecure } = this.#options;
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
    const credentials = credentialsOf(tls);
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, bound) =>
        error ? reject(namedError('link.address', error)) : resolve(bound));
    });
    return parsed === undefined ? address : formatAddress({ host: parsed.host, port });
  }

  async stop(): Promise<void> {
    const links = [...this.#streams];
    for (const link of links) link.close('stopping', status.UNAVAILABLE, 'the collector stops');
    await Promise.all(links.map((link) => link.settled()));
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(STOP_MS, () => this.#server.forceShutdown());
      this.#server.tryShutdown(() => {
        cancel();
        resolve();
      });
    });
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

  #accept(call: ServerDuplexStream<Buffer, Buffer>): void {
    const { receiver, log } = this.#options;
    if (this.#streams.size >= LINKS_MAX) {
      receiver.onRefused('too-many-links');
      log.warn({ security: true, peer: call.getPeer() }, 'link refused, too many are open');
      call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'too many links' });
      return;
    }
    const link = new AgentLink({
      ...this.#options,
      call,
      peer: call.getPeer(),
      onOpen: (opened) => this.#register(opened),
      onEnd: (ended, end) => this.#forget(ended, end),
    });
    this.#streams.add(link);
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
      log.warn({ security: true, node: hello.node, ...peers }, 'an agent took the place of another');
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
