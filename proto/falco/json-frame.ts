/**
 * Where the wanted fields of an event stand in its JSON line: one walk over the bytes, no text
 * made; what `FrameFields` is for gRPC. It knows the lines that Falco writes (no space between tokens,
 * keys without escapes, scalars in `output_fields`) and nothing else. Whatever is unusual (a key
 * twice, a nested value, an unknown key, another source, a number in another than its shortest
 * form) is `false`, and `JSON.parse` says what it is. So what this accepts is an event, and equal
 * bytes at the places that it gives are equal values: a text that contains escapes has other bytes
 * than the same text without, never the other way round, and no number looks like another's text.
 */
import { FIELDS_MAX, TAGS_MAX } from './response-reader.ts';
import { JsonNames, OTHER, UNUSUAL } from './json-names.ts';
import { readTime } from './json-time.ts';
import type { EventTime } from './json-time.ts';

/** Ordinary events are 700 to 2,000 bytes; a longer one costs its parsing anyhow. */
export const LINE_BYTES_MAX = 4_096;
/** The digits of a safe integer are its text; beyond that it is for `JSON.parse` to say. */
const DIGITS_MAX = 15;
const NONE = -1;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_U = 0x75;

const KEYS = [
  'hostname',
  'message',
  'output',
  'output_fields',
  'priority',
  'rule',
  'source',
  'tags',
  'time',
] as const;
const OUTPUT_FIELDS = KEYS.indexOf('output_fields');
const PRIORITY = KEYS.indexOf('priority');
const RULE = KEYS.indexOf('rule');
const SOURCE = KEYS.indexOf('source');
const TAGS = KEYS.indexOf('tags');
const TIME = KEYS.indexOf('time');
const REQUIRED = (1 << OUTPUT_FIELDS) | (1 << PRIORITY) | (1 << RULE) | (1 << TIME);

const PRIORITIES = [
  'Emergency',
  'Alert',
  'Critical',
  'Error',
  'Warning',
  'Notice',
  'Informational',
  'Debug',
];
/** Behind a backslash: `"`, `\`, `/`, `b`, `f`, `n`, `r`, `t`. */
const ESCAPES = new Uint8Array(256);
for (const letter of '"\\/bfnrt') ESCAPES[letter.charCodeAt(0)] = 1;
const HEX = new Uint8Array(256);
for (const digit of '0123456789abcdefABCDEF') HEX[digit.charCodeAt(0)] = 1;

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

export class JsonFrame {
  /** By the number of the name; the length is -1 where the event does not have the field. */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  bytes: Uint8Array = new Uint8Array();
  seconds = 0;
  nanos = 0;
  hasTag = false;
  readonly #keys = new JsonNames(KEYS);
  readonly #priorities = new JsonNames(PRIORITIES);
  readonly #fields: JsonNames;
  readonly #tag: Buffer;
  readonly #source: Buffer;
  readonly #time: EventTime = { seconds: 0, nanos: 0 };
  /** By the number of the name: in which scan it came last. */
  readonly #seenIn: Float64Array;
  #scan = 0;
  #pos = 0;

  /** `tag` is looked for among the tags; another source than `source` is unusual. */
  constructor(names: readonly string[], tag: string, source: string) {
    this.#fields = new JsonNames(names);
    this.#tag = Buffer.from(`${tag}"`);
    this.#source = Buffer.from(`${source}"`);
    this.starts = new Int32Array(names.length);
    this.lengths = new Int32Array(names.length);
    this.#seenIn = new Float64Array(names.length);
  }

  scan(bytes: Uint8Array): boolean {
    if (bytes.length > LINE_BYTES_MAX || bytes[0] !== BRACE_OPEN) return false;
    this.bytes = bytes;
    this.#pos = 1;
    this.#scan += 1;
    this.hasTag = false;
    this.lengths.fill(NONE);
    let seen = 0;
    for (;;) {
      const key = this.#name(this.#keys);
      if (key < 0 || (seen & (1 << key)) !== 0 || !this.#value(key)) return false;
      seen |= 1 << key;
      const byte = bytes[this.#pos++];
      if (byte === COMMA) continue;
      return byte === BRACE_CLOSE && (seen & REQUIRED) === REQUIRED && this.#isEnd();
    }
  }

  /** Of a key of the event, with everything up to the next comma. */
  #value(key: number): boolean {
    switch (key) {
      case OUTPUT_FIELDS:
        return this.#outputFields();
      case TAGS:
        return this.#tags();
      case PRIORITY:
        return this.#text() && this.#word(this.#priorities);
      case SOURCE:
        return this.#text() && this.#is(this.#source);
      case TIME:
        return this.#eventTime();
      case RULE:
        return this.#text() && this.bytes[this.#pos] !== QUOTE && this.#string();
      default:
        return this.#text() && this.#string();
    }
  }

  #outputFields(): boolean {
    const { bytes } = this;
    if (bytes[this.#pos++] !== BRACE_OPEN) return false;
    for (let count = 1; count <= FIELDS_MAX; count += 1) {
      const name = this.#name(this.#fields);
      if (name === UNUSUAL || !this.#field(name)) return false;
      const byte = bytes[this.#pos++];
      if (byte !== COMMA) return byte === BRACE_CLOSE;
    }
    return false;
  }

  #field(name: number): boolean {
    let start = this.#pos;
    let length = NONE;
    if (this.#text()) {
      start += 1;
      if (!this.#string()) return false;
      length = this.#pos - 1 - start;
    } else if (!this.#is(NULL)) {
      if (!this.#is(FALSE) && !this.#is(TRUE) && !this.#number(name !== OTHER)) return false;
      length = this.#pos - start;
    }
    if (name === OTHER) return true;
    // Twice: the last one counts, and that is not known yet.
    if (this.#seenIn[name] === this.#scan) return false;
    this.#seenIn[name] = this.#scan;
    this.starts[name] = start;
    this.lengths[name] = length;
    return true;
  }

  #tags(): boolean {
    const { bytes } = this;
    if (bytes[this.#pos++] !== BRACKET_OPEN) return false;
    if (bytes[this.#pos] === BRACKET_CLOSE) {
      this.#pos += 1;
      return true;
    }
    for (let count = 1; count <= TAGS_MAX; count += 1) {
      if (!this.#text()) return false;
      if (this.#is(this.#tag)) this.hasTag = true;
      else if (!this.#string()) return false;
      const byte = bytes[this.#pos++];
      if (byte !== COMMA) return byte === BRACKET_CLOSE;
    }
    return false;
  }

  #eventTime(): boolean {
    const end = readTime(this.bytes, this.#pos, this.#time);
    if (end < 0) return false;
    this.#pos = end;
    this.seconds = this.#time.seconds;
    this.nanos = this.#time.nanos;
    return true;
  }

  /** A key with its colon. */
  #name(names: JsonNames): number {
    const { bytes } = this;
    if (bytes[this.#pos++] !== QUOTE) return UNUSUAL;
    const name = names.read(bytes, this.#pos);
    if (name === UNUSUAL) return UNUSUAL;
    this.#pos = names.end + 2;
    return bytes[names.end + 1] === COLON ? name : UNUSUAL;
  }

  /** A text that is one of a few. */
  #word(words: JsonNames): boolean {
    if (words.read(this.bytes, this.#pos) < 0) return false;
    this.#pos = words.end + 1;
    return true;
  }

  /** Behind the quote that opens a text, where there is one. */
  #text(): boolean {
    if (this.bytes[this.#pos] !== QUOTE) return false;
    this.#pos += 1;
    return true;
  }

  /** Behind the quote that closes it. Strict: what passes here `JSON.parse` must read. */
  #string(): boolean {
    const { bytes } = this;
    const end = bytes.length;
    for (let at = this.#pos; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.#pos = at + 1;
        return true;
      }
      if (byte < SPACE) return false;
      if (byte !== BACKSLASH) continue;
      const escape = bytes[at + 1];
      if (escape === LETTER_U) {
        if (!this.#isHex(at + 2)) return false;
        at += 5;
      } else {
        if (escape === undefined || ESCAPES[escape] === 0) return false;
        at += 1;
      }
    }
    return false;
  }

  #isHex(start: number): boolean {
    for (let at = start; at < start + 4; at += 1) {
      const byte = this.bytes[at];
      if (byte === undefined || HEX[byte] === 0) return false;
    }
    return true;
  }

  /**
   * In its shortest form and so that its digits are its text: `1.0` and `-0` would be the bytes of
   * the texts `"1.0"` and `"-0"`, which are other values. Of a field that nobody wants here
   * (`evt.rawtime`, a load) any integer and any plain fraction will do.
   */
  #number(isWanted: boolean): boolean {
    const { bytes } = this;
    const sign = bytes[this.#pos] === MINUS ? 1 : 0;
    const first = this.#pos + sign;
    const end = this.#digits(first);
    const digits = end - first;
    const isZero = bytes[first] === ZERO;
    if (digits === 0 || (isZero && digits > 1)) return false;
    this.#pos = end;
    if (isWanted) return digits <= DIGITS_MAX && !(isZero && sign === 1);
    if (bytes[end] !== POINT) return true;
    this.#pos = this.#digits(end + 1);
    return this.#pos > end + 1;
  }

  #digits(start: number): number {
    const { bytes } = this;
    let at = start;
    while ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at += 1;
    return at;
  }

  /** Behind these bytes, if they come now. */
  #is(text: Buffer): boolean {
    const { bytes } = this;
    for (let index = 0; index < text.length; index += 1) {
      if (bytes[this.#pos + index] !== text[index]) return false;
    }
    this.#pos += text.length;
    return true;
  }

  /** A file has a newline after it. */
  #isEnd(): boolean {
    const { bytes } = this;
    if (bytes[this.#pos] === 0x0a) this.#pos += 1;
    return this.#pos === bytes.length;
  }
}
