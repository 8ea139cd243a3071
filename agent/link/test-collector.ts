import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { decodeAgentFrame } from '../../proto/lanner/v1/decode-frame.ts';
import { encodeCollectorFrame } from '../../proto/lanner/v1/encode-frame.ts';
import type { AgentFrame, AlertsFrame, CollectorFrame } from '../../proto/lanner/v1/frames.ts';
import { fleetService } from '../../proto/lanner/v1/service.ts';

type ServerStream = ServerDuplexStream<Buffer, Buffer>;

/** A small collector: commits per epoch, and lets each test say when it acknowledges. */
export class TestCollector {
  readonly #server = new Server();
  readonly frames: AgentFrame[] = [];
  readonly streams: ServerStream[] = [];
  readonly committed = new Map<string, number>();
  port = 0;
  isAcknowledging = true;
  window = 4;
  onHello: ((stream: ServerStream) => void) | null = null;

  async listen(port = 0, tls = ServerCredentials.createInsecure()): Promise<void> {
    this.#server.addService(fleetService, {
      link: (stream: ServerStream) => {
        this.streams.push(stream);
        stream.on('error', () => undefined);
        stream.on('data', (bytes: Buffer) => this.#take(stream, decodeAgentFrame(bytes)));
        stream.on('end', () => stream.end());
      },
    });
    this.port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${port}`, tls, (error, bound) =>
        error === null ? resolve(bound) : reject(error));
    });
  }

  #take(stream: ServerStream, frame: AgentFrame): void {
    this.frames.push(frame);
    if (frame.kind === 'hello') {
      if (this.onHello !== null) return this.onHello(stream);
      this.welcome(stream, this.committed.get(frame.epoch) ?? 0);
    }
    if (frame.kind === 'alerts' && this.isAcknowledging) this.acknowledge(stream, frame);
  }

  welcome(stream: ServerStream, committedSequence: number): void {
    this.say(stream, {
      kind: 'welcome',
      protocol: 1,
      collectorVersion: 'test',
      committedSequence,
      window: this.window,
    });
  }

  acknowledge(stream: ServerStream, { epoch, sequence }: AlertsFrame): void {
    this.committed.set(epoch, Math.max(this.committed.get(epoch) ?? 0, sequence));
    this.say(stream, { kind: 'ack', epoch, sequence });
  }

  say(stream: ServerStream, frame: CollectorFrame): void {
    stream.write(encodeCollectorFrame(frame));
  }

  get batches(): readonly AlertsFrame[] {
    return this.frames.filter((frame) => frame.kind === 'alerts');
  }

  get latest(): ServerStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error('nobody is linked');
    return stream;
  }

  alertIds(): ReadonlySet<string> {
    return new Set(this.batches.flatMap(({ alerts }) => alerts.map(({ id }) => id)));
  }

  kill(): void {
    this.#server.forceShutdown();
  }
}
