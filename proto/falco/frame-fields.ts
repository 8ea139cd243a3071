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
  #pos = 0;
  #end = 0;

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
    if (bytes.length > FRAME_BYTES_MAX) return false;
    this.bytes = bytes;
    this.#pos = 0;
    this.#end = bytes.length;
    this.seconds = NONE;
    this.hasTag = false;
    this.lengths.fill(NONE);
    let fields = 0;
    let tags = 0;
    let hasRule = false;
    while (this.#pos < this.#end) {
      const tag = bytes[this.#pos++] as number;
      switch (tag) {
        case TIME:
          if (this.seconds !== NONE || !this.#time()) return false;
          break;
        case PRIORITY:
          if ((bytes[this.#pos++] as number) > PRIORITY_MAX) return false;
          break;
        case SOURCE_DEPRECATED:
          if ((bytes[this.#pos++] as number) > 127) return false;
          break;
        case FIELD:
          fields += 1;
          if (fields > FIELDS_MAX || !this.#field()) return false;
          break;
        case RULE:
        case OUTPUT:
        case HOSTNAME:
        case TAG:
        case SOURCE: {
          const length = this.#length();
          if (length < 0) return false;
          if (tag === RULE) hasRule = length > 0;
          else if (tag === TAG) {
            tags += 1;
            if (tags > TAGS_MAX) return false;
            this.hasTag ||= this.#is(this.#tag, length);
          } else if (tag === SOURCE && !this.#is(this.#source, length)) return false;
          this.#pos += length;
          break;
        }
        default:
          return false;
      }
    }
    return this.#pos === this.#end && hasRule && this.seconds !== NONE;
  }

  #time(): boolean {
    const { bytes } = this;
    const outer = this.#length();
    if (outer < 0) return false;
    const end = this.#pos + outer;
    this.seconds = 0;
    this.nanos = 0;
    for (let field = 1; field <= 2 && this.#pos < end; field += 1) {
      if (bytes[this.#pos] !== field << 3) continue;
      this.#pos += 1;
      const value = this.#varint(end);
      if (value < 0) return false;
      if (field === 1) this.seconds = value;
      else this.nanos = value;
    }
    return this.#pos === end && this.nanos <= NANOS_MAX;
  }

  #varint(end: number): number {
    let value = 0;
    let scale = 1;
    const stop = Math.min(end, this.#pos + SECONDS_BYTES_MAX);
    while (this.#pos < stop) {
      const byte = this.bytes[this.#pos++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    return NONE;
  }

  /** Of what comes now, all of it there; -1 where it is not. */
  #length(): number {
    const { bytes } = this;
    let length = bytes[this.#pos++] as number;
    if (length > 127) {
      const high = bytes[this.#pos++] as number;
      if (!(high < 128)) return NONE;
      length = (length & 127) + high * 128;
    }
    return length <= this.#end - this.#pos ? length : NONE;
  }

  #field(): boolean {
    const { bytes } = this;
    const outer = this.#length();
    if (outer < 0) return false;
    const end = this.#pos + outer;
    if (bytes[this.#pos++] !== ENTRY_KEY) return false;
    const keyLength = bytes[this.#pos++] as number;
    const key = this.#pos;
    const keyEnd = key + keyLength;
    if (keyLength === 0 || keyLength > 127 || keyEnd >= end) return false;
    if (bytes[keyEnd] !== ENTRY_VALUE) return false;
    this.#pos = keyEnd + 1;
    const length = this.#length();
    if (length < 0 || this.#pos + length !== end) return false;
    const start = this.#pos;
    this.#pos = end;
    const number = this.#numbers[this.#slot(bytes, key, keyEnd)] as number;
    if (number < 0 || !isAt(this.#names[number] as Uint8Array, bytes, key, keyLength)) return true;
    // Twice, or longer than the reader keeps: what counts then is the reader's to say.
    if (this.lengths[number] !== NONE || length > VALUE_BYTES_MAX) return false;
    this.starts[number] = start;
    this.lengths[number] = length;
    return true;
  }

  #is(text: Uint8Array, length: number): boolean {
    return isAt(text, this.bytes, this.#pos, length);
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
