import { Metadata, credentials as grpcCredentials } from '@grpc/grpc-js';
import type { ChannelCredentials, StatusObject } from '@grpc/grpc-js';

import { decodeCollectorFrame } from '../../proto/lanner/v1/decode-frame.ts';
import { encodeAgentFrame } from '../../proto/lanner/v1/encode-frame.ts';
import { LINK_PROTOCOL } from '../../proto/lanner/v1/frames.ts';
import type { AgentFrame, CollectorFrame, HelloFrame } from '../../proto/lanner/v1/frames.ts';
import { FleetClient } from '../../proto/lanner/v1/service.ts';
import type { AgentLinkStream } from '../../proto/lanner/v1/service.ts';

/** The agent's end of a link, as little as a test needs: it sends what it is told to. */
export class TestAgent {
  readonly frames: CollectorFrame[] = [];
  readonly #client: FleetClient;
  readonly stream: AgentLinkStream;
  #status: Promise<StatusObject>;
  #wakeups = new Set<() => void>();
  isEnded = false;

  constructor(address: string, credentials: ChannelCredentials = grpcCredentials.createInsecure()) {
    this.#client = new FleetClient(address, credentials);
    this.stream = this.#client.link(new Metadata());
    this.stream.on('data', (bytes: Buffer) => {
      this.frames.push(decodeCollectorFrame(bytes));
      this.#wake();
    });
    this.stream.on('error', () => undefined);
    this.#status = new Promise((resolve) => {
      this.stream.on('status', (status) => {
        this.isEnded = true;
        resolve(status);
        this.#wake();
      });
    });
  }

  #wake(): void {
    for (const wake of this.#wakeups) wake();
  }

  hello(over: Partial<HelloFrame> = {}): void {
    this.send({
      kind: 'hello',
      protocol: LINK_PROTOCOL,
      cluster: 'c1',
      node: 'node-1',
      agentVersion: '0.1.0',
      falcoVersion: '0.43.1',
      capabilities: [],
      epoch: 'e1',
      ...over,
    });
  }

  send(frame: AgentFrame): void {
    this.sendBytes(encodeAgentFrame(frame));
  }

  sendBytes(bytes: Uint8Array): void {
    this.stream.write(Buffer.from(bytes));
  }

  /** The first frame of that kind from `index` on, when it comes. */
  async frame<K extends CollectorFrame['kind']>(
    kind: K,
    index = 0,
  ): Promise<Extract<CollectorFrame, { kind: K }>> {
    for (;;) {
      const found = this.frames.filter((frame) => frame.kind === kind)[index];
      if (found !== undefined) return found as Extract<CollectorFrame, { kind: K }>;
      if (this.isEnded) throw new Error(`the link ended: ${(await this.#status).details}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wakeups.delete(wake);
          resolve();
        };
        this.#wakeups.add(wake);
      });
    }
  }

  status(): Promise<StatusObject> {
    return this.#status;
  }

  /** Drops the connection without a word, as a crash does. */
  cut(): void {
    this.stream.cancel();
    this.#client.close();
  }
}
