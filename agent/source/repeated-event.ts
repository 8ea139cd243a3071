import type { FalcoEvent, Priority } from './event.ts';
import type { Repeat, Repeats } from './repeats.ts';

/** Reads a whole event; of bytes that were recognised it never fails. */
export type ReadWhole = (bytes: Buffer) => FalcoEvent;

/**
 * An event that was recognised by its bytes. Everything but its time and its pids is read only if
 * somebody asks, and then from the bytes: it is a `FalcoEvent` like any other, at a tenth of the
 * price while nobody asks. Once read the bytes are let go: an event that waits must not hold the
 * chunk of the stream that it came in.
 */
export class RepeatedEvent implements FalcoEvent {
  readonly timeNs: bigint;
  readonly timeMs: number;
  readonly pid: number;
  readonly ppid: number;
  readonly peerPort: number;
  readonly clientPort: number;
  readonly repeat: Repeat;
  readonly #readWhole: ReadWhole;
  #bytes: Buffer | null;
  #whole: FalcoEvent | null = null;

  constructor(repeat: Repeat, found: Repeats, bytes: Buffer, readWhole: ReadWhole) {
    const { seconds, nanos } = found.frame;
    this.timeNs = BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
    this.timeMs = seconds * 1_000 + Math.floor(nanos / 1_000_000);
    this.pid = found.pid;
    this.ppid = found.ppid;
    this.peerPort = found.peerPort;
    this.clientPort = found.clientPort;
    this.repeat = repeat;
    this.#bytes = bytes;
    this.#readWhole = readWhole;
  }

  /** Null once the event was read. */
  get bytes(): Buffer | null {
    return this.#bytes;
  }

  get rule(): string {
    return this.#read().rule;
  }

  get priority(): Priority {
    return this.#read().priority;
  }

  get source(): string {
    return 'syscall';
  }

  get hostname(): string {
    return this.#read().hostname;
  }

  get tags(): readonly string[] {
    return this.#read().tags;
  }

  get fields(): ReadonlyMap<string, string> {
    return this.#read().fields;
  }

  /** A frame like its own, kept by somebody. */
  readAnother(bytes: Buffer): FalcoEvent {
    return this.#readWhole(bytes);
  }

  #read(): FalcoEvent {
    if (this.#whole !== null) return this.#whole;
    this.#whole = this.#readWhole(this.#bytes as Buffer);
    this.#bytes = null;
    return this.#whole;
  }
}
