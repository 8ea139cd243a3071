import { credentials, Metadata } from '@grpc/grpc-js';

import type { Alert } from '../../../baseline/alert.ts';
import { decodeCollectorFrame } from '../../../proto/lanner/v1/decode-frame.ts';
import { encodeAgentFrame } from '../../../proto/lanner/v1/encode-frame.ts';
import { LINK_PROTOCOL } from '../../../proto/lanner/v1/frames.ts';
import { FleetClient } from '../../../proto/lanner/v1/service.ts';
import type { AgentLinkStream } from '../../../proto/lanner/v1/service.ts';
import { CLUSTER } from './load.ts';

/**
 * The agent's end of one link, over a TCP connection of its own, as cheap as it can be: what is
 * measured is the other end, on the same machine.
 */
export class AgentEnd {
  readonly node: string;
  readonly #epoch: string;
  readonly #client: FleetClient;
  readonly #stream: AgentLinkStream;
  readonly #sentMs = new Map<number, number>();
  readonly #onAcknowledged: (latencyMs: number, alerts: number) => void;
  #sequence = 0;
  #alerts = 0;
  #window = 1;
  #batchSize = new Map<number, number>();

  private constructor(
    address: string,
    node: string,
    onAcknowledged: (latencyMs: number, alerts: number) => void,
  ) {
    this.node = node;
    this.#epoch = `epoch-of-${node}`;
    this.#onAcknowledged = onAcknowledged;
    this.#client = new FleetClient(address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.service_config_disable_resolution': 1,
    });
    this.#stream = this.#client.link(new Metadata());
  }

  /** Resolves with the welcome, rejects when the collector ends the link before it. */
  static open(
    address: string,
    node: string,
    onAcknowledged: (latencyMs: number, alerts: number) => void,
    onEnded: (why: string) => void,
  ): Promise<AgentEnd> {
    const end = new AgentEnd(address, node, onAcknowledged);
    return new Promise((resolve, reject) => {
      end.#stream.on('data', (bytes: Buffer) => end.#take(bytes, () => resolve(end)));
      end.#stream.on('error', () => undefined);
      end.#stream.on('status', ({ code, details }) => {
        reject(new Error(`${node}: gRPC status ${code}, ${details}`));
        onEnded(details);
      });
      end.#write({
        kind: 'hello',
        protocol: LINK_PROTOCOL,
        cluster: CLUSTER,
        node,
        agentVersion: '0.1.0',
        falcoVersion: '0.43.1',
        capabilities: [],
        epoch: end.#epoch,
      });
    });
  }

  get hasRoom(): boolean {
    return this.#sentMs.size < this.#window;
  }

  get inFlight(): number {
    return this.#sentMs.size;
  }

  /** The number of its next alert. */
  get nextAlert(): number {
    return this.#alerts;
  }

  beat(): void {
    this.#write({
      kind: 'heartbeat',
      time: new Date().toISOString(),
      eventsReceived: 41_200,
      eventsJudged: 41_190,
      eventsDropped: 10,
      outboxPending: 0,
      lagSeconds: 0.2,
      images: [],
      falcoVersion: '0.43.1',
      sensorState: 'streaming',
      sensorDetail: 'Falco 0.43.1',
    });
  }

  send(alerts: readonly Alert[]): void {
    this.#sequence += 1;
    this.#alerts += alerts.length;
    this.#batchSize.set(this.#sequence, alerts.length);
    const epoch = this.#epoch;
    const bytes = encodeAgentFrame({
      kind: 'alerts', epoch, sequence: this.#sequence, alerts, gaps: [],
    });
    this.#sentMs.set(this.#sequence, performance.now());
    this.#stream.write(bytes);
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }

  #take(bytes: Buffer, onWelcome: () => void): void {
    const frame = decodeCollectorFrame(bytes);
    if (frame.kind === 'welcome') {
      this.#window = frame.window;
      onWelcome();
    } else if (frame.kind === 'slow-down') {
      this.#window = frame.window;
    } else if (frame.kind === 'ack') {
      const sentMs = this.#sentMs.get(frame.sequence);
      if (sentMs === undefined) return;
      this.#sentMs.delete(frame.sequence);
      const alerts = this.#batchSize.get(frame.sequence) ?? 0;
      this.#batchSize.delete(frame.sequence);
      this.#onAcknowledged(performance.now() - sentMs, alerts);
    }
  }

  #write(frame: Parameters<typeof encodeAgentFrame>[0]): void {
    this.#stream.write(encodeAgentFrame(frame));
  }
}
