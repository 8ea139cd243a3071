/**
 * Bytes to text, with the short texts that come again and again (field names, `false`, container
 * ids, paths) taken from a table instead of made anew: a string that exists already costs no
 * garbage, and its hash is known when it becomes a Map key.
 *
 * The table is direct-mapped: a text lives in the one slot of its hash, the newcomer replaces the
 * old. So it never grows, and an attacker who fills it with junk only makes it useless, which
 * costs what no table costs. Only ASCII is kept: there a byte is a character, so comparing is
 * exact and invalid UTF-8 cannot be taken for something else.
 */
import { textFromBytes } from '../text.ts';

const SLOTS = 4_096;
/** Full container ids and image digests (`sha256:` and 64 digits) are 64 and 71 bytes. */
const CACHED_BYTES_MAX = 72;

export class TextCache {
  readonly #slots: string[] = Array.from({ length: SLOTS }, () => '');

  text(bytes: Buffer, start: number, length: number, bytesMax: number): string {
    if (length === 0) return '';
    if (length > CACHED_BYTES_MAX || length > bytesMax) {
      return textFromBytes(bytes, start, length, bytesMax);
    }
    const slot = slotOf(bytes, start, length);
    const kept = this.#slots[slot] as string;
    if (kept.length === length && isSame(kept, bytes, start)) return kept;
    const text = textFromBytes(bytes, start, length, bytesMax);
    if (text.length === length && isAscii(bytes, start, length)) this.#slots[slot] = text;
    return text;
  }
}

/** The ends are enough to tell texts apart that live together, and cost less than every byte. */
const SAMPLED_BYTES = 8;

const mixed = (hash: number, byte: number): number => (Math.imul(hash, 31) + byte) | 0;

const slotOf = (bytes: Buffer, start: number, length: number): number => {
  const end = start + length;
  let hash = length;
  const headEnd = Math.min(end, start + SAMPLED_BYTES);
  for (let pos = start; pos < headEnd; pos += 1) hash = mixed(hash, bytes[pos] as number);
  const tailStart = Math.max(headEnd, end - SAMPLED_BYTES);
  for (let pos = tailStart; pos < end; pos += 1) hash = mixed(hash, bytes[pos] as number);
  return (hash ^ (hash >>> 13)) & (SLOTS - 1);
};

const isAscii = (bytes: Buffer, start: number, length: number): boolean => {
  for (let pos = start; pos < start + length; pos += 1) {
    if ((bytes[pos] as number) > 127) return false;
  }
  return true;
};

const isSame = (text: string, bytes: Buffer, start: number): boolean => {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
};
