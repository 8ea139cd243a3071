import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/**
 * One line that says how long the audit was at a time, signed: kept where the collector cannot
 * rewrite it, it shows that the end of the chain was cut off, or the whole of it made anew. Ed25519,
 * so that whoever checks needs no secret. Signed is the text of the four values, each on a line.
 */
const FORMAT = 'lanner-audit-anchor/1';
const LINE_CHARACTERS_MAX = 2_048;

export type AnchorHead = { readonly number: number; readonly hash: string };

export type Anchor = AnchorHead & {
  readonly time: string;
  /** Which key: the first 16 hex digits of the SHA-256 of the public one. */
  readonly key: string;
  readonly signature: string;
};

const signed = ({ time, number, hash }: Pick<Anchor, 'time' | 'number' | 'hash'>): Buffer =>
  Buffer.from(`${FORMAT}\n${time}\n${number}\n${hash}\n`);

export function anchorLine(head: AnchorHead, nowMs: number, privateKeyPem: string): string {
  const privateKey = createPrivateKey(privateKeyPem);
  const time = new Date(nowMs).toISOString();
  const { number, hash } = head;
  const signature = sign(null, signed({ time, number, hash }), privateKey).toString('base64');
  const key = keyId(createPublicKey(privateKey));
  return `${JSON.stringify({ format: FORMAT, time, number, hash, key, signature })}\n`;
}

export function keyId(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('hex').slice(0, 16);
}

/** Undefined when the line is no anchor. */
export function parseAnchor(line: string): Anchor | undefined {
  if (line.length > LINE_CHARACTERS_MAX) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { format, time, number, hash, key, signature } =
    (value ?? {}) as Readonly<Record<string, unknown>>;
  const isAnchor = format === FORMAT && typeof time === 'string' && Number.isSafeInteger(number) &&
    typeof hash === 'string' && typeof key === 'string' && typeof signature === 'string';
  return isAnchor ? { time, number: number as number, hash, key, signature } : undefined;
}

export function isSigned(anchor: Anchor, publicKeyPem: string): boolean {
  const publicKey = createPublicKey(publicKeyPem);
  return publicKey.asymmetricKeyType === 'ed25519' &&
    verify(null, signed(anchor), publicKey, Buffer.from(anchor.signature, 'base64'));
}
