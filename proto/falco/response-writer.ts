/** Writes `falco.outputs.response` as Falco does, for the replay server and the tests. */
import { Writer } from 'protobufjs/minimal.js';

/** Texts are bytes where a test or the replay wants what Falco passes on unverified. */
export type FalcoText = string | Uint8Array;

export type ResponseContent = {
  readonly timeNs: bigint;
  readonly priority: number;
  readonly rule: string;
  readonly output: FalcoText;
  readonly fields: Iterable<readonly [string, FalcoText]>;
  readonly hostname: string;
  readonly tags: readonly string[];
  readonly source: string;
};

const NANOS_PER_SECOND = 1_000_000_000n;
const tag = (field: number, wireType: number): number => (field << 3) | wireType;
const BYTES = 2;
const VARINT = 0;

const bytesOf = (text: FalcoText): Uint8Array =>
  typeof text === 'string' ? Buffer.from(text, 'utf8') : text;

/** Like proto3: a default value is not written. */
const writeText = (writer: Writer, field: number, text: FalcoText): void => {
  if (text.length > 0) writer.uint32(tag(field, BYTES)).bytes(bytesOf(text));
};

const writeTime = (writer: Writer, timeNs: bigint): void => {
  const seconds = Number(timeNs / NANOS_PER_SECOND);
  const nanos = Number(timeNs % NANOS_PER_SECOND);
  writer.uint32(tag(1, BYTES)).fork();
  if (seconds !== 0) writer.uint32(tag(1, VARINT)).int64(seconds);
  if (nanos !== 0) writer.uint32(tag(2, VARINT)).int32(nanos);
  writer.ldelim();
};

export const encodeResponse = (content: ResponseContent): Buffer => {
  const writer = Writer.create();
  writeTime(writer, content.timeNs);
  if (content.priority !== 0) writer.uint32(tag(2, VARINT)).int32(content.priority);
  writeText(writer, 4, content.rule);
  writeText(writer, 5, content.output);
  for (const [name, value] of content.fields) {
    // C++ writes both halves of a map entry, empty or not.
    writer.uint32(tag(6, BYTES)).fork();
    writer.uint32(tag(1, BYTES)).bytes(bytesOf(name));
    writer.uint32(tag(2, BYTES)).bytes(bytesOf(value));
    writer.ldelim();
  }
  writeText(writer, 7, content.hostname);
  for (const name of content.tags) writer.uint32(tag(8, BYTES)).bytes(bytesOf(name));
  writeText(writer, 9, content.source);
  const bytes = writer.finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
