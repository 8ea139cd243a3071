/**
 * Reads `falco.outputs.response`. By hand, because Falco passes on whatever bytes a container put
 * into a command line: a decoder that verifies UTF-8 lets one `\xff` end the stream and blind the
 * node. Here invalid bytes become U+FFFD, unknown fields are skipped, and what is no response is a
 * returned fault, never an exception.
 *
 * The output text is skipped: everything in it is in the fields, and with `json_output: true` it
 * is the whole event again.
 */
import { WIRE_BYTES, WIRE_VARINT, WireCursor } from '../wire.ts';
import { TextCache } from './text-cache.ts';

/** Above what any rule makes; the receive limit of the channel too. */
export const RESPONSE_BYTES_MAX = 4 * 1_024 * 1_024;
/** Fields are what a rule's output names: the widest rules of ours have some thirty. */
export const FIELDS_MAX = 256;
export const TAGS_MAX = 64;
export const NAME_BYTES_MAX = 256;
export const VALUE_BYTES_MAX = 4_096;
/** What Falco puts in the place of a value that it has not. */
export const FALCO_ABSENT = '<NA>';

const PRIORITY_MAX = 7;
/** The end of the year 9999: RFC 3339 has no word for later. */
const SECONDS_MAX = 253_402_300_799;
const NANOS_MAX = 999_999_999;
const NANOS_PER_SECOND = 1_000_000_000n;

export type ResponseFault = 'truncated' | 'too-large' | 'wire-format' | 'bad-time' | 'bad-field';

export type FalcoResponse = {
  timeNs: bigint;
  /** Falco's number: 0 is emergency, 7 is debug. */
  priority: number;
  rule: string;
  hostname: string;
  source: string;
  tags: string[];
  /** Without the fields that Falco had no value for. */
  fields: Map<string, string>;
};

export class ResponseReader {
  readonly #cursor = new WireCursor(new Uint8Array());
  readonly #texts = new TextCache();
  #bytes: Buffer = Buffer.alloc(0);
  #fault: ResponseFault | undefined;
  #fieldCount = 0;
  #hasTime = false;
  /** Texts longer than `VALUE_BYTES_MAX`, of which the start was kept. */
  valuesCut = 0;

  read(bytes: Buffer): FalcoResponse | ResponseFault {
    if (bytes.length > RESPONSE_BYTES_MAX) return 'too-large';
    const cursor = this.#cursor;
    cursor.reset(bytes);
    this.#bytes = bytes;
    this.#fault = undefined;
    this.#fieldCount = 0;
    this.#hasTime = false;
    const response: FalcoResponse = {
      timeNs: 0n,
      priority: 0,
      rule: '',
      hostname: '',
      source: '',
      tags: [],
      fields: new Map(),
    };
    while (this.#fault === undefined && cursor.next()) this.#readField(response);
    if (cursor.fault !== undefined) return cursor.fault;
    if (this.#fault !== undefined) return this.#fault;
    return this.#hasTime ? response : 'bad-time';
  }

  #readField(response: FalcoResponse): void {
    const cursor = this.#cursor;
    switch (cursor.field) {
      case 1:
        response.timeNs = this.#time();
        return;
      case 2:
        response.priority = this.#priority();
        return;
      case 4:
        response.rule = this.#name();
        return;
      case 6:
        this.#fieldEntry(response.fields);
        return;
      case 7:
        response.hostname = this.#name();
        return;
      case 8:
        if (response.tags.length === TAGS_MAX) this.#fault = 'too-large';
        else response.tags.push(this.#name());
        return;
      case 9:
        response.source = this.#name();
        return;
      default:
        cursor.skip();
    }
  }

  #time(): bigint {
    const cursor = this.#cursor;
    const end = this.#enter();
    let seconds = 0;
    let nanos = 0;
    while (cursor.next()) {
      if (cursor.field === 1 && cursor.wireType === WIRE_VARINT) seconds = cursor.varint();
      else if (cursor.field === 2 && cursor.wireType === WIRE_VARINT) nanos = cursor.varint();
      else cursor.skip();
    }
    this.#leave(end);
    // A time before 1970 is a ten-byte varint, and so above the bound like any other nonsense.
    if (seconds > SECONDS_MAX || nanos > NANOS_MAX) {
      this.#fault ??= 'bad-time';
      return 0n;
    }
    this.#hasTime = true;
    return BigInt(seconds) * NANOS_PER_SECOND + BigInt(nanos);
  }

  #priority(): number {
    if (this.#cursor.wireType !== WIRE_VARINT) return this.#cursor.fail('wire-format');
    const priority = this.#cursor.varint();
    if (priority > PRIORITY_MAX) this.#fault ??= 'bad-field';
    return priority;
  }

  #fieldEntry(fields: Map<string, string>): void {
    const cursor = this.#cursor;
    this.#fieldCount += 1;
    if (this.#fieldCount > FIELDS_MAX) {
      this.#fault ??= 'too-large';
      return;
    }
    const end = this.#enter();
    let key = '';
    let value = '';
    while (cursor.next()) {
      if (cursor.field === 1) key = this.#name();
      else if (cursor.field === 2) value = this.#text(VALUE_BYTES_MAX);
      else cursor.skip();
    }
    this.#leave(end);
    if (key === '') this.#fault ??= 'bad-field';
    else if (value !== '' && value !== FALCO_ABSENT) fields.set(key, value);
  }

  #name(): string {
    return this.#text(NAME_BYTES_MAX);
  }

  #text(bytesMax: number): string {
    const cursor = this.#cursor;
    if (cursor.wireType !== WIRE_BYTES) {
      cursor.fail('wire-format');
      return '';
    }
    const length = cursor.length();
    const start = cursor.pos;
    if (length > VALUE_BYTES_MAX) this.valuesCut += 1;
    if (cursor.fault !== undefined) return '';
    cursor.pos = start + length;
    return this.#texts.text(this.#bytes, start, length, bytesMax);
  }

  /** Narrows the cursor to the message it stands before; gives the end to go back to. */
  #enter(): number {
    const cursor = this.#cursor;
    const outer = cursor.end;
    if (cursor.wireType !== WIRE_BYTES) cursor.fail('wire-format');
    else {
      const length = cursor.length();
      if (cursor.fault === undefined) cursor.end = cursor.pos + length;
    }
    return outer;
  }

  #leave(outer: number): void {
    this.#cursor.end = outer;
  }
}
