/**
 * The Falco of the overload test: events happen at the rate it was told last, and wait for whoever
 * reads, as in Falco's own queue. Each carries the time at which it happened; none is encoded
 * before it is sent, so that the queue costs nothing however long it grows.
 */
import process from 'node:process';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { grpcResponse } from '../../../demo/replay-falco/recorded-event.ts';
import { falcoOutputs, falcoVersioning } from '../../../proto/falco/service.ts';
import { encodeVersion } from '../../../proto/falco/version.ts';
import { fleetLines } from './fleet-lines.ts';
import type { Fleet } from './fleet-lines.ts';
import { kindOf } from './overload-orders.ts';
import type { Kind, Rate, Sent } from './overload-orders.ts';

const WRITES_PER_TURN = 256;
const shape = { jsonOutput: false, hostileShare: 0, random: () => 0.5 };

/** A recorded event without its time, which is the first field: tag, length, content. */
type Frame = { readonly bytes: Buffer; readonly kind: Kind };

function framesOf(fleet: Fleet): readonly Frame[] {
  return fleetLines(fleet).map((line) => {
    const frame = grpcResponse(line, shape);
    const { output_fields: fields } = JSON.parse(line) as { output_fields: Record<string, string> };
    const bytes = frame.subarray(2 + (frame[1] as number));
    return { bytes, kind: kindOf(fields['evt.type'] ?? '') };
  });
}

type Stretch = { readonly first: number; readonly fromMs: number; readonly rate: number };

/** Which event happened when. */
class Happening {
  #rate: number | null = 0;
  #fromMs = 0;
  #before = 0;
  /** Of one rate each; those before the next event to be sent are forgotten. */
  readonly #stretches: Stretch[] = [];

  /** `sent`: so many were sent. */
  turn(rate: number | null, sent: number): void {
    this.#before = this.count(sent);
    this.#fromMs = nowMs();
    this.#rate = rate;
    this.#stretches.push({ first: this.#before, fromMs: this.#fromMs, rate: rate ?? 0 });
  }

  count(sent: number): number {
    if (this.#rate === null) return sent;
    return this.#before + Math.floor(((nowMs() - this.#fromMs) / 1_000) * this.#rate);
  }

  /** How many wait to be sent. */
  waiting(sent: number): number {
    return this.#rate === null ? WRITES_PER_TURN : this.count(sent) - sent;
  }

  timeMs(number: number): number {
    while (number >= (this.#stretches[1]?.first ?? Infinity)) this.#stretches.shift();
    const [stretch] = this.#stretches;
    if (stretch === undefined || stretch.rate === 0) return nowMs();
    return stretch.fromMs + ((number - stretch.first) / stretch.rate) * 1_000;
  }
}

const nowMs = (): number => performance.timeOrigin + performance.now();

class Tap {
  readonly #happening = new Happening();
  readonly #frames: readonly Frame[];
  readonly #sent: Record<Kind, number> = { exec: 0, other: 0 };
  #next = 0;
  #stalledFromMs: number | null = null;
  #stalledMsMax = 0;

  constructor(frames: readonly Frame[]) {
    this.#frames = frames;
  }

  turn({ eventsPerSecond }: Rate): void {
    this.#happening.turn(eventsPerSecond, this.#next);
  }

  /** Gives what waits whenever it is asked, and goes on as long as more waits. */
  open(call: ServerDuplexStream<Buffer, Buffer>): void {
    const more = (): void => {
      if (!call.cancelled && this.#write(call)) setImmediate(more);
    };
    call.on('data', more);
    call.on('drain', () => {
      this.#stalled();
      this.#stalledFromMs = null;
      more();
    });
    more();
  }

  told(): Sent {
    this.#stalled();
    return {
      happened: this.#happening.count(this.#next),
      sent: { ...this.#sent },
      stalledMsMax: this.#stalledMsMax,
    };
  }

  /** True where more waits and can be written. */
  #write(call: ServerDuplexStream<Buffer, Buffer>): boolean {
    const waiting = this.#happening.waiting(this.#next);
    for (let count = 0; count < Math.min(WRITES_PER_TURN, waiting); count += 1) {
      if (this.#stalledFromMs !== null) return false;
      const { bytes, kind } = this.#frames[this.#next % this.#frames.length] as Frame;
      const time = timeField(this.#happening.timeMs(this.#next));
      this.#next += 1;
      this.#sent[kind] += 1;
      if (!call.write(Buffer.concat([time, bytes]))) this.#stalledFromMs = nowMs();
    }
    return waiting > WRITES_PER_TURN && this.#stalledFromMs === null;
  }

  #stalled(): void {
    if (this.#stalledFromMs === null) return;
    this.#stalledMsMax = Math.max(this.#stalledMsMax, nowMs() - this.#stalledFromMs);
  }
}

/** `time` as Falco writes it: seconds and nanoseconds as varints. */
function timeField(ms: number): Buffer {
  const seconds = Math.floor(ms / 1_000);
  const nanos = Math.floor((ms - seconds * 1_000) * 1e6);
  const content = [8, ...varint(seconds), 16, ...varint(nanos)];
  return Buffer.from([10, content.length, ...content]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

async function serve(socket: string, tap: Tap): Promise<void> {
  const server = new Server();
  const version = encodeVersion({
    version: '0.40.0', major: 0, minor: 40, patch: 0, engineVersion: '0.49.0',
  });
  server.addService(falcoVersioning, {
    version: (_call: unknown, reply: (error: null, bytes: Buffer) => void) => reply(null, version),
  });
  server.addService(falcoOutputs, {
    sub: (call: ServerDuplexStream<Buffer, Buffer>) => call.once('data', () => tap.open(call)),
    get: (call: ServerDuplexStream<Buffer, Buffer>) => call.end(),
  });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(socket, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error));
  });
}

process.once('message', ({ socket, fleet }: { socket: string; fleet: Fleet }) => {
  const tap = new Tap(framesOf(fleet));
  process.on('message', (order: Rate | 'tell') => {
    if (order === 'tell') process.send?.(tap.told());
    else tap.turn(order);
  });
  void serve(socket, tap).then(() => process.send?.('ready'));
});
process.on('disconnect', () => process.exit(0));
