/**
 * The one way in which outside text becomes ours: cut to a number of UTF-8 bytes at a whole code
 * point, then well-formed (what is not Unicode becomes U+FFFD). Control characters, escapes and
 * markup stay as they are: they are data, and each door to a terminal, a page or a log escapes
 * them for itself. Well-formedness matters on the way out as well: protobufjs writes lone
 * surrogates as bytes that its own reader then refuses.
 */
const encoder = new TextEncoder();
/** A UTF-16 unit becomes at most three bytes of UTF-8. */
const UTF8_BYTES_PER_UNIT_MAX = 3;

export const cutText = (text: string, bytesMax: number): string => {
  if (text.length * UTF8_BYTES_PER_UNIT_MAX <= bytesMax) return text.toWellFormed();
  if (text.length <= bytesMax && Buffer.byteLength(text) <= bytesMax) return text.toWellFormed();
  const room = new Uint8Array(bytesMax);
  const { read } = encoder.encodeInto(text.slice(0, bytesMax), room);
  return text.slice(0, read).toWellFormed();
};

const isContinuation = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0x80 && byte < 0xc0;

/** How many of `length` bytes from `start` fit in `bytesMax` without tearing a code point. */
const cutLength = (bytes: Buffer, start: number, length: number, bytesMax: number): number => {
  if (length <= bytesMax) return length;
  let cut = bytesMax;
  // A code point has at most three continuation bytes; more are not UTF-8 and may be torn.
  for (let back = 0; back < 3 && isContinuation(bytes[start + cut]); back += 1) cut -= 1;
  return cut;
};

/** The same from bytes, which need not be UTF-8: Falco passes on what an attacker typed. */
export const textFromBytes = (
  bytes: Buffer,
  start: number,
  length: number,
  bytesMax: number,
): string => {
  const end = start + cutLength(bytes, start, length, bytesMax);
  // Each wrong byte becomes three bytes of U+FFFD, so the result is measured again.
  return cutText(bytes.toString('utf8', start, end), bytesMax);
};
