import { createHmac } from 'node:crypto';

/**
 * `Lanner-Signature: t=1772359200, key-2=9f86…, key-1=60303a…`: for each key, HMAC-SHA256 in hex
 * over the time in seconds, a full stop and the body as it was sent. A receiver knows a body by one
 * key that it has, refuses a time that is more than `REPLAY_SECONDS` off, and remembers the uuids of
 * that long; SECURITY.md shows the lines that do it.
 */
export const SIGNATURE_HEADER = 'lanner-signature';
export const REPLAY_SECONDS = 300;

export type SigningKey = { readonly id: string; readonly key: string };

export function signatureOf(body: string, keys: readonly SigningKey[], nowMs: number): string {
  const time = Math.floor(nowMs / 1_000);
  const parts = keys.map(({ id, key }) =>
    `${id}=${createHmac('sha256', key).update(`${time}.${body}`).digest('hex')}`);
  return [`t=${time}`, ...parts].join(', ');
}
