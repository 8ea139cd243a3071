import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import type { ProfileDocument } from '../../baseline/profile/document.ts';
import { parseText, textOf } from './image-profiles.ts';

/**
 * Documents as they travel and lie in the store: gzipped JSON. Bound: `JSON_BYTES_MAX` when
 * unpacked, because a small gzip can hold gigabytes.
 */
export const JSON_BYTES_MAX = 16 * 1_024 * 1_024;

const unpack = promisify(gunzip);
const pack = promisify(gzip);

export type DocumentRefusal = 'too-large' | 'not-gzip' | 'not-json' | 'invalid';

export type ReadDocument =
  | { readonly ok: true; readonly document: ProfileDocument }
  | { readonly ok: false; readonly reason: DocumentRefusal; readonly detail: string };

export async function readDocument(bytes: Uint8Array): Promise<ReadDocument> {
  let text: string;
  try {
    text = (await unpack(bytes, { maxOutputLength: JSON_BYTES_MAX })).toString();
  } catch (error) {
    const isTooLarge = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
    return isTooLarge
      ? { ok: false, reason: 'too-large', detail: `more than ${JSON_BYTES_MAX} bytes unpacked` }
      : { ok: false, reason: 'not-gzip', detail: 'cannot be unpacked' };
  }
  return parseText(text);
}

export type PackedDocument =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: 'too-large'; readonly detail: string };

/** Refuses what could not be read again: several documents together may be above the bound. */
export async function packDocument(document: ProfileDocument): Promise<PackedDocument> {
  const text = textOf(document);
  if (Buffer.byteLength(text) > JSON_BYTES_MAX) {
    return { ok: false, reason: 'too-large', detail: `more than ${JSON_BYTES_MAX} bytes` };
  }
  return { ok: true, bytes: await pack(text) };
}
