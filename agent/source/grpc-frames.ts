/**
 * gRPC's own framing inside an HTTP/2 stream: a flag, four bytes of length, a message. Chunks come
 * cut anywhere. A message that lies in one chunk is handed on where it lies; only one that is cut
 * is put together, and only after its length was found to be within the bound. After a fault
 * nothing more can be made of the stream.
 */
export const PREFIX_BYTES = 5;

export type FrameFault = 'compressed' | 'too-large';

/** The message is `bytes` from `start` to `end`, good for the time of the call. */
export type OnMessage = (bytes: Buffer, start: number, end: number) => void;

export class GrpcFrames {
  readonly #bytesMax: number;
  readonly #onMessage: OnMessage;
  /** Of a message that was cut: its prefix, then its bytes. */
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  #prefixFilled = 0;
  #message: Buffer | null = null;
  #messageFilled = 0;
  #fault: FrameFault | null = null;

  constructor(bytesMax: number, onMessage: OnMessage) {
    this.#bytesMax = bytesMax;
    this.#onMessage = onMessage;
  }

  /** Whether an end now would cut a message. */
  get isWithin(): boolean {
    return this.#prefixFilled > 0;
  }

  push(chunk: Buffer): FrameFault | null {
    if (this.#fault !== null) return this.#fault;
    let at = this.#prefixFilled === 0 ? 0 : this.#resume(chunk, 0);
    while (this.#fault === null && chunk.length - at >= PREFIX_BYTES) {
      const length = this.#lengthIn(chunk, at);
      const start = at + PREFIX_BYTES;
      if (length < 0 || length > chunk.length - start) break;
      at = start + length;
      this.#onMessage(chunk, start, at);
    }
    if (this.#fault === null && at < chunk.length) this.#resume(chunk, at);
    return this.#fault;
  }

  /** Takes what belongs to the cut message; gives where the next one begins. */
  #resume(chunk: Buffer, from: number): number {
    let at = from;
    while (this.#prefixFilled < PREFIX_BYTES) {
      if (at === chunk.length) return at;
      this.#prefix[this.#prefixFilled++] = chunk[at++] as number;
      if (this.#prefixFilled === PREFIX_BYTES) this.#begin();
      if (this.#fault !== null) return chunk.length;
    }
    const message = this.#message as Buffer;
    const end = Math.min(chunk.length, at + message.length - this.#messageFilled);
    chunk.copy(message, this.#messageFilled, at, end);
    this.#messageFilled += end - at;
    if (this.#messageFilled < message.length) return end;
    this.#prefixFilled = 0;
    this.#message = null;
    this.#onMessage(message, 0, message.length);
    return end;
  }

  #begin(): void {
    const length = this.#lengthIn(this.#prefix, 0);
    if (length < 0) return;
    this.#message = Buffer.allocUnsafeSlow(length);
    this.#messageFilled = 0;
  }

  /** -1 with the fault noted. */
  #lengthIn(bytes: Uint8Array, at: number): number {
    const length =
      (bytes[at + 1] as number) * 0x1000000 +
      ((bytes[at + 2] as number) << 16) +
      ((bytes[at + 3] as number) << 8) +
      (bytes[at + 4] as number);
    if (bytes[at] !== 0) this.#fault = 'compressed';
    else if (length > this.#bytesMax) this.#fault = 'too-large';
    return this.#fault === null ? length : -1;
  }
}
