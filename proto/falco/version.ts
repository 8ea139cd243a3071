/**
 * Reads and writes `falco.version.response`. The build and checksum fields are skipped: nobody
 * here decides by them.
 */
import { Writer } from 'protobufjs/minimal.js';
import { textFromBytes } from '../text.ts';
import { WIRE_BYTES, WIRE_VARINT, WireCursor } from '../wire.ts';

const VERSION_BYTES_MAX = 128;
const VERSION_RESPONSE_BYTES_MAX = 64 * 1_024;
const UINT32_MAX = 4_294_967_295;

export type FalcoVersion = {
  readonly version: string;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly engineVersion: string;
};

export type VersionFault = 'truncated' | 'too-large' | 'wire-format';

const numberFields = new Map([
  [2, 'major'],
  [3, 'minor'],
  [4, 'patch'],
] as const);
const textFields = new Map([
  [1, 'version'],
  [11, 'engineVersion'],
] as const);

const lookup = <K, V>(map: ReadonlyMap<K, V>, key: number): V | undefined =>
  (map as ReadonlyMap<unknown, V>).get(key);

export const readVersion = (bytes: Buffer): FalcoVersion | VersionFault => {
  if (bytes.length > VERSION_RESPONSE_BYTES_MAX) return 'too-large';
  const found = { version: '', major: 0, minor: 0, patch: 0, engineVersion: '' };
  const cursor = new WireCursor(bytes);
  while (cursor.next()) {
    const number = lookup(numberFields, cursor.field);
    const text = lookup(textFields, cursor.field);
    if (number !== undefined && cursor.wireType === WIRE_VARINT) {
      found[number] = Math.min(cursor.varint(), UINT32_MAX);
    } else if (text !== undefined && cursor.wireType === WIRE_BYTES) {
      const length = cursor.length();
      found[text] = textFromBytes(bytes, cursor.pos, length, VERSION_BYTES_MAX);
      cursor.pos += length;
    } else {
      cursor.skip();
    }
  }
  return cursor.fault ?? found;
};

export const encodeVersion = (version: FalcoVersion): Buffer => {
  const writer = Writer.create();
  writer.uint32(0x0a).string(version.version);
  writer.uint32(0x10).uint32(version.major);
  writer.uint32(0x18).uint32(version.minor);
  writer.uint32(0x20).uint32(version.patch);
  writer.uint32(0x5a).string(version.engineVersion);
  const bytes = writer.finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
