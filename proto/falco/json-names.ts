/**
 * Tells which of a few known names stands in JSON text. Every byte of a name goes into the hash
 * while its end is looked for, no two known names share a slot, and one comparison decides: a name
 * that was made to collide is another name.
 */
import assert from 'node:assert/strict';

/** Some other name. */
export const OTHER = -1;
/** Not to be decided here: an escape, no end, no content, longer than any name of Falco's. */
export const UNUSUAL = -2;

const NAME_BYTES_MAX = 127;
const TABLE_MASK = 255;
/** Forty names need some dozens of attempts. */
const MIX_MAX = 100_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

export class JsonNames {
  readonly #names: readonly Uint8Array[];
  readonly #numbers = new Int16Array(TABLE_MASK + 1);
  #mix = 33;
  /** Of what was read last: where its closing quote stands. */
  end = 0;

  constructor(names: readonly string[]) {
    this.#names = names.map((name) => new Uint8Array(Buffer.from(name, 'latin1')));
    while (!this.#fits()) {
      this.#mix += 2;
      assert(this.#mix < MIX_MAX, 'no two of these names have one slot');
    }
  }

  /** The number of the name whose first byte is at `start`, behind the opening quote. */
  read(bytes: Uint8Array, start: number): number {
    const mix = this.#mix;
    const stop = Math.min(bytes.length, start + NAME_BYTES_MAX + 1);
    let hash = 0;
    let at = start;
    for (; at < stop; at += 1) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) break;
      // `"fd.n\u0061me"` is `fd.name` to who parses it.
      if (byte === BACKSLASH || byte < SPACE) return UNUSUAL;
      hash = (Math.imul(hash, mix) + byte) | 0;
    }
    if (at === stop || at === start) return UNUSUAL;
    this.end = at;
    const number = this.#numbers[slotOf(hash)] as number;
    if (number === OTHER) return OTHER;
    return isAt(this.#names[number] as Uint8Array, bytes, start, at) ? number : OTHER;
  }

  #fits(): boolean {
    this.#numbers.fill(OTHER);
    return this.#names.every((name, number) => {
      const slot = slotOf(name.reduce((hash, byte) => (Math.imul(hash, this.#mix) + byte) | 0, 0));
      const isFree = this.#numbers[slot] === OTHER;
      this.#numbers[slot] = number;
      return isFree;
    });
  }
}

const slotOf = (hash: number): number => (hash ^ (hash >>> 9) ^ (hash >>> 18)) & TABLE_MASK;

const isAt = (name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean => {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index += 1) {
    if (name[index] !== bytes[start + index]) return false;
  }
  return true;
};
