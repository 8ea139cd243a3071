/**
 * The verbose `ImageStatus` of the container runtime: what an image is made of is in its `info`, a
 * JSON text of the runtime's own. By hand, like `messages.ts`; a fault gives `null`.
 */
import { WIRE_BYTES, WireCursor } from '../wire.ts';

/** The configuration of an image has a line for each instruction of its build. */
export const INFO_BYTES_MAX = 2 * 1_024 * 1_024;
const REFERENCE_BYTES_MAX = 2_048;
const WIRE_VARINT_TRUE = Buffer.from([2 * 8, 1]);

/** `{ image: { image }, verbose: true }` */
export function encodeVerboseImageStatus(image: string): Buffer {
  const name = Buffer.from(image).subarray(0, REFERENCE_BYTES_MAX);
  return Buffer.concat([field(1, field(1, name)), WIRE_VARINT_TRUE]);
}

/** The text under `info`; null when there is none, when it is too large or the message broken. */
export function decodeImageInfo(bytes: Buffer): string | null {
  let info: string | null = null;
  const isWhole = eachField(bytes, (number, entry) => {
    if (number !== 2) return;
    let key = '';
    let value: Buffer | null = null;
    eachField(entry, (inner, text) => {
      if (inner === 1) key = text.toString('utf8');
      if (inner === 2) value = text;
    });
    if (key === 'info' && value !== null) info = textOf(value);
  });
  return isWhole ? info : null;
}

const textOf = (bytes: Buffer): string | null =>
  bytes.length > INFO_BYTES_MAX ? null : bytes.toString('utf8');

function eachField(bytes: Buffer, take: (field: number, value: Buffer) => void): boolean {
  const cursor = new WireCursor(bytes);
  while (cursor.next()) {
    if (cursor.wireType !== WIRE_BYTES) {
      cursor.skip();
      continue;
    }
    const length = cursor.length();
    if (cursor.fault !== undefined) return false;
    take(cursor.field, bytes.subarray(cursor.pos, cursor.pos + length));
    cursor.pos += length;
  }
  return cursor.fault === undefined;
}

function field(number: number, body: Buffer): Buffer {
  const head = [number * 8 + WIRE_BYTES];
  let { length } = body;
  for (; length >= 128; length = Math.floor(length / 128)) head.push((length % 128) + 128);
  head.push(length);
  return Buffer.concat([Buffer.from(head), body]);
}
