/**
 * Reads and writes the messages of `runtime.proto`. By hand, because the requests are one text
 * each and of the answers a few texts are wanted out of messages of many kilobytes. The runtime is
 * trusted less than our own code: a fault gives `null`, texts and lists are bounded.
 */
import { textFromBytes } from '../text.ts';
import { WIRE_BYTES, WireCursor } from '../wire.ts';

export type CriContainerStatus = {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageRef: string;
  readonly labels: ReadonlyMap<string, string>;
};

export type CriImage = {
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
};

export const CRI_TEXT_BYTES_MAX = 1_024;
export const CRI_LABELS_MAX = 256;
export const CRI_LIST_MAX = 1_024;

/** `{ filter: { id } }`, the same for containers and for sandboxes. */
export const encodeFilterById = (id: string): Buffer => messageField(1, textField(1, id));
/** `{ container_id }` */
export const encodeContainerStatusRequest = (id: string): Buffer => textField(1, id);
/** `{ image: { image } }` */
export const encodeImageStatusRequest = (image: string): Buffer =>
  messageField(1, textField(1, image));

/** Ids of `ListContainersResponse` and `ListPodSandboxResponse`, which number them alike. */
export function decodeIds(bytes: Buffer): readonly string[] | null {
  const ids: string[] = [];
  const isWhole = eachField(bytes, (field, value) => {
    if (field !== 1 || ids.length >= CRI_LIST_MAX) return true;
    return eachField(value, (inner, text) => {
      if (inner === 1) ids.push(textOf(text));
      return true;
    });
  });
  return isWhole ? ids : null;
}

export function decodeContainerStatus(bytes: Buffer): CriContainerStatus | null {
  const labels = new Map<string, string>();
  const status = { id: '', name: '', image: '', imageRef: '', labels };
  const isWhole = eachField(bytes, (field, value) =>
    field === 1 ? eachField(value, (inner, part) => readStatus(status, inner, part)) : true);
  return isWhole ? status : null;
}

export function decodeImageStatus(bytes: Buffer): CriImage | null {
  const repoTags: string[] = [];
  const repoDigests: string[] = [];
  const isWhole = eachField(bytes, (field, value) => {
    if (field !== 1) return true;
    return eachField(value, (inner, text) => {
      if (inner === 2 && repoTags.length < CRI_LIST_MAX) repoTags.push(textOf(text));
      if (inner === 3 && repoDigests.length < CRI_LIST_MAX) repoDigests.push(textOf(text));
      return true;
    });
  });
  return isWhole ? { repoTags, repoDigests } : null;
}

type MutableStatus = {
  -readonly [Key in Exclude<keyof CriContainerStatus, 'labels'>]: string;
} & { readonly labels: Map<string, string> };

function readStatus(status: MutableStatus, field: number, value: Buffer): boolean {
  switch (field) {
    case 1:
      status.id = textOf(value);
      return true;
    case 2:
      return firstText(value, (name) => (status.name = name));
    case 8:
      return firstText(value, (image) => (status.image = image));
    case 9:
      status.imageRef = textOf(value);
      return true;
    case 12:
      return readLabel(status.labels, value);
    default:
      return true;
  }
}

function readLabel(labels: Map<string, string>, entry: Buffer): boolean {
  let key = '';
  let label = '';
  const isWhole = eachField(entry, (field, text) => {
    if (field === 1) key = textOf(text);
    if (field === 2) label = textOf(text);
    return true;
  });
  if (isWhole && labels.size < CRI_LABELS_MAX) labels.set(key, label);
  return isWhole;
}

function firstText(message: Buffer, take: (text: string) => void): boolean {
  return eachField(message, (field, value) => {
    if (field === 1) take(textOf(value));
    return true;
  });
}

/** Calls `take` with each length-delimited field; false when the message is broken. */
function eachField(bytes: Buffer, take: (field: number, value: Buffer) => boolean): boolean {
  const cursor = new WireCursor(bytes);
  while (cursor.next()) {
    if (cursor.wireType !== WIRE_BYTES) {
      cursor.skip();
      continue;
    }
    const length = cursor.length();
    if (cursor.fault !== undefined) return false;
    const value = bytes.subarray(cursor.pos, cursor.pos + length);
    cursor.pos += length;
    if (!take(cursor.field, value)) return false;
  }
  return cursor.fault === undefined;
}

const textOf = (bytes: Buffer): string => textFromBytes(bytes, 0, bytes.length, CRI_TEXT_BYTES_MAX);

const textField = (field: number, text: string): Buffer => messageField(field, Buffer.from(text));

function messageField(field: number, body: Buffer): Buffer {
  const head: number[] = [field * 8 + WIRE_BYTES];
  let length = body.length;
  while (length >= 128) {
    head.push((length % 128) + 128);
    length = Math.floor(length / 128);
  }
  head.push(length);
  return Buffer.concat([Buffer.from(head), body]);
}
