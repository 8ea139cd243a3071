/**
 * Protobuf's wire format over bytes that may be hostile. Nothing throws: the first fault stays in
 * `fault`, every later read returns zero, and the caller looks once at the end of a message.
 * protobufjs' own reader is not used on Falco's bytes because it throws (an exception per bad
 * event is what an attacker would buy) and because it verifies UTF-8.
 */
export type WireFault = 'truncated' | 'wire-format';

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_FIXED32 = 5;

/** Field numbers are 1 to 2^29 − 1. */
const FIELD_NUMBER_MAX = 536_870_911;
const VARINT_BYTES_MAX = 10;

export class WireCursor {
  bytes: Uint8Array;
  pos: number;
  end: number;
  fault: WireFault | undefined;
  /** Of the field that `next` stands on. */
  field = 0;
  wireType = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.pos = 0;
    this.end = bytes.length;
  }

  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.pos = 0;
    this.end = bytes.length;
    this.fault = undefined;
  }

  fail(fault: WireFault): 0 {
    this.fault ??= fault;
    this.pos = this.end;
    return 0;
  }

  /** Moves to the next field of the message; false at its end or at a fault. */
  next(): boolean {
    if (this.pos >= this.end) return false;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag & 7;
    if (this.fault !== undefined) return false;
    if (this.field < 1 || this.field > FIELD_NUMBER_MAX) this.fail('wire-format');
    return this.fault === undefined;
  }

  /** Exact up to 2^53; above that a number which no range check lets pass. */
  varint(): number {
    const { bytes, end } = this;
    let pos = this.pos;
    if (pos < end) {
      const first = bytes[pos] as number;
      if (first < 128) {
        this.pos = pos + 1;
        return first;
      }
    }
    let value = 0;
    let scale = 1;
    const stop = pos + VARINT_BYTES_MAX;
    while (pos < end && pos < stop) {
      const byte = bytes[pos++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) {
        this.pos = pos;
        return value;
      }
      scale *= 128;
    }
    return this.fail(pos === stop ? 'wire-format' : 'truncated');
  }

  /** The length of a length-delimited field; all its bytes are there, the cursor before them. */
  length(): number {
    const length = this.varint();
    if (length > this.end - this.pos) return this.fail('truncated');
    return length;
  }

  skip(): void {
    switch (this.wireType) {
      case WIRE_VARINT:
        this.varint();
        return;
      case WIRE_FIXED64:
        this.#skipBytes(8);
        return;
      case WIRE_BYTES:
        this.#skipBytes(this.length());
        return;
      case WIRE_FIXED32:
        this.#skipBytes(4);
        return;
      default:
        // Groups left protobuf long before Falco came; 6 and 7 never existed.
        this.fail('wire-format');
    }
  }

  #skipBytes(count: number): void {
    if (count > this.end - this.pos) this.fail('truncated');
    else this.pos += count;
  }
}
