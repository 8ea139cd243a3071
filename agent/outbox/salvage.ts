import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { failureOf } from './failure.ts';

const NS_PER_MS = 1_000_000n;

/**
 * Since when alerts may be lost with a broken file: its last acknowledgement, if that one row can
 * still be read, or else the last time that it was written. Null when there is neither.
 */
export function lastAcknowledgedNs(path: string): bigint | null {
  return rowNs(path) ?? writtenNs(path);
}

function rowNs(path: string): bigint | null {
  try {
    using database = new DatabaseSync(path, { readOnly: true });
    const row = database.prepare("SELECT value FROM meta WHERE key = 'acknowledged_ns'").get();
    return toNs(row?.['value']);
  } catch (error) {
    // Broken it is, that much was known before.
    if (failureOf(error) === null) throw error;
    return null;
  }
}

function writtenNs(path: string): bigint | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? null : BigInt(Math.floor(stat.mtimeMs)) * NS_PER_MS;
}

export function toNs(value: unknown): bigint | null {
  return typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : null;
}
