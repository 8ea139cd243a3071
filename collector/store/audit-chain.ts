import { createHash } from 'node:crypto';

import type { AuditEntry } from '../respond/response-store.ts';

/**
 * Each record of the audit holds a hash over its content and the record before it:
 *
 *     hash = SHA-256 of the UTF-8 of JSON.stringify(
 *       [number, atMs, actor, action, subject, detail, previousHash])
 *
 * in lower hex, where `detail` is the stored JSON text itself, so that nobody has to agree on an
 * order of keys; numbers begin at 1 and have no holes; the first record's previous hash is 64
 * zeros. A chain cannot show that its end was cut off together with its counter: for that its head
 * has to be kept somewhere else.
 */
export const FIRST_PREVIOUS_HASH = '0'.repeat(64);

export type ChainedRow = {
  readonly number: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: string;
  readonly previous_hash: string;
  readonly hash: string;
};

export function chained(
  entry: AuditEntry,
  previous: { readonly number: number; readonly hash: string },
): ChainedRow {
  const row = {
    number: previous.number + 1,
    at: entry.atMs,
    actor: storable(entry.actor),
    action: storable(entry.action),
    subject: storable(entry.subject),
    // JSON.stringify writes U+0000 and lone surrogates as escapes.
    detail: JSON.stringify(entry.detail),
    previous_hash: previous.hash,
  };
  return { ...row, hash: hashOf(row) };
}

export function hashOf(row: Omit<ChainedRow, 'hash'>): string {
  const { number, at, actor, action, subject, detail, previous_hash: previousHash } = row;
  return createHash('sha256')
    .update(JSON.stringify([number, at, actor, action, subject, detail, previousHash]))
    .digest('hex');
}

/** What comes back from both databases as it went in: PostgreSQL's text has no U+0000. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\ufffd');
