/**
 * Where the wanted fields of a `falco.outputs.response` stand in its bytes: one walk, no text made.
 * It knows the frames that Falco writes and nothing else; whatever is unusual (another wire type, a
 * field twice, an unknown number, no rule, no time) is `false`, and `ResponseReader` says what it
 * is. So what this accepts the reader accepts as well, with the same content.
 */
import assert from 'node:assert/strict';
import { FIELDS_MAX, TAGS_MAX, VALUE_BYTES_MAX } from './response-reader.ts';

/** Ordinary events are 500 to 1,500 bytes; a longer one costs its reading anyhow. */
export const FRAME_BYTES_MAX = 4_096;
const TIME = 0x0a;
const PRIORITY = 0x10;
const SOURCE_DEPRECATED = 0x18;
const RULE = 0x22;
const OUTPUT = 0x2a;
const FIELD = 0x32;
const HOSTNAME = 0x3a;
const TAG = 0x42;
const SOURCE = 0x4a;
const ENTRY_KEY = 0x0a;
const ENTRY_VALUE = 0x12;
const PRIORITY_MAX = 7;
const NANOS_MAX = 999_999_999;
/** Until the year 4147, and five bytes of a varint. */
const SECONDS_BYTES_MAX = 5;
const TABLE_MASK = 255;
const NONE = -1;
/** Thirty names need some dozens of attempts. */
const MIX_MAX = 100_000;

export class FrameFields {
  /** By the number of the name; the length is -1 where the event does not have the field. */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  bytes: Uint8Array = new Uint8Array();
  seconds = 0;
  nanos = 0;
  hasTag = false;
  readonly #names: readonly Uint8Array[];
  readonly #tag: Uint8Array;
  readonly #source: Uint8Array;
  readonly #numbers = new Int16Array(TABLE_MASK + 1);
  #mix = 1;

  /** `tag` is looked for among the tags; another source than `source` is unusual. */
  constructor(names: readonly string[], tag: string, source: string) {
    this.#names = names.map(bytesOf);
    this.#tag = bytesOf(tag);
    this.#source = bytesOf(source);
    this.starts = new Int32Array(names.length);
    this.lengths = new Int32Array(names.length);
    while (!this.#fits()) {
      this.#mix += 1;
      assert(this.#mix < MIX_MAX, 'no two of these names have one slot');
    }
  }

  scan(bytes: Uint8Array): boolean {
    const end = bytes.length;
    if (end > FRAME_BYTES_MAX) return false;
    this.bytes = bytes;
    this.seconds = NONE;
    this.hasTag = false;
    this.lengths.fill(NONE);
    let fields = 0;
    let tags = 0;
    let hasRule = false;
    let pos = 0;
    while (pos < end) {
      const tag = bytes[pos++] as number;
      if (tag === PRIORITY || tag === SOURCE_DEPRECATED) {
        if ((bytes[pos++] as number) > (tag === PRIORITY ? PRIORITY_MAX : 127)) return false;
        continue;
      }
      const length = lengthAt(bytes, pos);
      pos += widthOf(length);
      const next = pos + length;
      if (length < 0 || next > end) return false;
      switch (tag) {
        case FIELD:
          fields += 1;
          if (fields > FIELDS_MAX || !this.#field(bytes, pos, next)) return false;
          break;
        case TIME:
          if (this.seconds !== NONE || !this.#time(bytes, pos, next)) return false;
          break;
        case TAG:
          tags += 1;
          if (tags > TAGS_MAX) return false;
          this.hasTag ||= isAt(this.#tag, bytes, pos, length);
          break;
        case SOURCE:
          if (!isAt(this.#source, bytes, pos, length)) return false;
          break;
        case RULE:
          hasRule = length > 0;
          break;
        case OUTPUT:
        case HOSTNAME:
          break;
        default:
          return false;
      }
      pos = next;
    }
    return pos === end && hasRule && this.seconds !== NONE;
  }

  #time(bytes: Uint8Array, from: number, end: number): boolean {
    this.seconds = 0;
    this.nanos = 0;
    let pos = from;
    for (let field = 1; field <= 2 && pos < end; field += 1) {
      if (bytes[pos] !== field << 3) continue;
      let value = 0;
      let scale = 1;
      const stop = Math.min(end, pos + 1 + SECONDS_BYTES_MAX);
      let byte = 128;
      for (pos += 1; pos < stop && byte > 127; pos += 1) {
        byte = bytes[pos] as number;
        value += (byte & 127) * scale;
        scale *= 128;
      }
      if (byte > 127) return false;
      if (field === 1) this.seconds = value;
      else this.nanos = value;
    }
    return pos === end && this.nanos <= NANOS_MAX;
  }

  #field(bytes: Uint8Array, from: number, end: number): boolean {
    if (bytes[from] !== ENTRY_KEY) return false;
    const keyLength = bytes[from + 1] as number;
    const key = from + 2;
    const keyEnd = key + keyLength;
    if (keyLength === 0 || keyLength > 127 || keyEnd >= end) return false;
    if (bytes[keyEnd] !== ENTRY_VALUE) return false;
    const length = lengthAt(bytes, keyEnd + 1);
    const start = keyEnd + 1 + widthOf(length);
    if (length < 0 || start + length !== end) return false;
    const number = this.#numbers[this.#slot(bytes, key, keyEnd)] as number;
    if (number < 0 || !isAt(this.#names[number] as Uint8Array, bytes, key, keyLength)) return true;
    // Twice, or longer than the reader keeps: what counts then is the reader's to say.
    if (this.lengths[number] !== NONE || length > VALUE_BYTES_MAX) return false;
    this.starts[number] = start;
    this.lengths[number] = length;
    return true;
  }

  #slot(bytes: Uint8Array, start: number, end: number): number {
    const mix = this.#mix;
    // Falco's names differ behind the dot, in the middle or at the end.
    let sum = Math.imul(bytes[end - 1] as number, mix) + end - start;
    sum = Math.imul(sum, 31) + Math.imul(bytes[start + 3] as number, mix);
    sum = Math.imul(sum, 31) + (bytes[(start + end) >> 1] as number);
    sum = Math.imul(sum, 31) + (bytes[end - 3] as number);
    return (sum ^ (sum >>> 7)) & TABLE_MASK;
  }

  /** No two names share a slot, so that one comparison decides. */
  #fits(): boolean {
    this.#numbers.fill(NONE);
    return this.#names.every((name, number) => {
      const slot = this.#slot(name, 0, name.length);
      const isFree = this.#numbers[slot] === NONE;
      this.#numbers[slot] = number;
      return isFree;
    });
  }
}

/** Of one or two bytes; -1 for more of them, or more than are needed, as nobody writes. */
function lengthAt(bytes: Uint8Array, pos: number): number {
  const low = bytes[pos] as number;
  if (low < 128) return low;
  const high = bytes[pos + 1] as number;
  return high > 0 && high < 128 ? (low & 127) + high * 128 : NONE;
}

const widthOf = (length: number): number => (length > 127 ? 2 : 1);

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

function isAt(text: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index += 1) {
    if (text[index] !== bytes[start + index]) return false;
  }
  return true;
}
