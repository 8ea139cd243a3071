import { createHash } from 'node:crypto';
import { DOCUMENT_BYTES_MAX } from '../../proto/lanner/v1/bounds.ts';

/**
 * One entry of the cache as bytes: a magic, the SHA-256 of everything behind it, one line of JSON
 * that says what it is, and the document, gzipped as it travels. Files are renamed into place
 * without a sync, so that after a power failure any part of one may be missing: the hash tells.
 */
export const cacheSides = ['own', 'fleet', 'decisions'] as const;
/** `own`: learned here; `fleet`: pushed by the collector; `decisions`: what people decided. */
export type CacheSide = (typeof cacheSides)[number];

export type CacheEntry = {
  readonly side: CacheSide;
  /** Of the profile; empty for decisions. */
  readonly key: string;
  readonly revision: number;
  /** Gzipped JSON. */
  readonly document: Uint8Array;
};

const MAGIC = Buffer.from('lanner-cache/1\n');
const HASH_BYTES = 32;
const HEAD_BYTES_MAX = 8 * 1_024;
const NEWLINE = 0x0a;
export const ENTRY_BYTES_MAX = MAGIC.length + HASH_BYTES + HEAD_BYTES_MAX + DOCUMENT_BYTES_MAX;

/** Keys are text of others; their hash is a name that every file system takes. */
export const entryName = ({ side, key }: Pick<CacheEntry, 'side' | 'key'>): string =>
  `${side}-${createHash('sha256').update(key).digest('hex')}`;

export function encodeEntry({ side, key, revision, document }: CacheEntry): Buffer {
  const head = Buffer.from(`${JSON.stringify({ side, key, revision })}\n`);
  const rest = Buffer.concat([head, document]);
  return Buffer.concat([MAGIC, hashOf(rest), rest]);
}

/** Null for bytes that are not, or no longer, an entry. */
export function decodeEntry(bytes: Buffer): CacheEntry | null {
  const bodyAt = MAGIC.length + HASH_BYTES;
  if (bytes.length < bodyAt || bytes.length > ENTRY_BYTES_MAX) return null;
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const rest = bytes.subarray(bodyAt);
  if (!bytes.subarray(MAGIC.length, bodyAt).equals(hashOf(rest))) return null;
  const headEnd = rest.indexOf(NEWLINE);
  if (headEnd < 0 || headEnd > HEAD_BYTES_MAX) return null;
  const head = headOf(rest.toString('utf8', 0, headEnd));
  return head === null ? null : { ...head, document: rest.subarray(headEnd + 1) };
}

/** What has the right hash was written by some version of us, but not by this one perhaps. */
function headOf(text: string): Omit<CacheEntry, 'document'> | null {
  let head: unknown;
  try {
    head = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof head !== 'object' || head === null) return null;
  const { side, key, revision } = head as Record<string, unknown>;
  const known = cacheSides.find((one) => one === side);
  if (known === undefined || typeof key !== 'string') return null;
  if (typeof revision !== 'number' || !Number.isSafeInteger(revision)) return null;
  return { side: known, key, revision };
}

const hashOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
