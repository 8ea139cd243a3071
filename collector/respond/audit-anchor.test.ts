import { createPublicKey, generateKeyPairSync } from 'node:crypto';

import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Store } from '../store/faces.ts';
import { openStore } from '../store/open-store.ts';
import { ManualClock } from '../testing/clock.ts';
import { anchorLine, isSigned, parseAnchor } from './anchor-line.ts';
import { AuditAnchor } from './audit-anchor.ts';

const pemPair = () => generateKeyPairSync('ed25519', {
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const { privateKey, publicKey } = pemPair();
const head = { number: 7, hash: 'ab'.repeat(32) };

test('a line is signed: any change of what it says shows', () => {
  const anchor = parseAnchor(anchorLine(head, 1_000, privateKey));
  if (anchor === undefined) throw new Error('no anchor');
  expect(anchor).toMatchObject({ ...head, time: '1970-01-01T00:00:01.000Z' });
  expect(isSigned(anchor, publicKey)).toBe(true);
  expect(isSigned({ ...anchor, number: 6 }, publicKey)).toBe(false);
  expect(isSigned({ ...anchor, hash: 'cd'.repeat(32) }, publicKey)).toBe(false);
  expect(isSigned({ ...anchor, time: '1970-01-01T00:00:02.000Z' }, publicKey)).toBe(false);
  expect(isSigned({ ...anchor, signature: '' }, publicKey)).toBe(false);
  expect(isSigned(anchor, pemPair().publicKey)).toBe(false);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey;
  expect(isSigned(anchor, rsa.export({ type: 'spki', format: 'pem' }).toString())).toBe(false);
  expect(createPublicKey(publicKey).asymmetricKeyType).toBe('ed25519');
});

test('what is no anchor is none', () => {
  for (const line of ['', '{', 'null', '[]', '{"format":"lanner-audit-anchor/1"}',
    anchorLine(head, 1, privateKey).replace('"number":7', '"number":"7"'),
    anchorLine(head, 1, privateKey).replace('anchor/1', 'anchor/2'),
    `${' '.repeat(3_000)}${anchorLine(head, 1, privateKey)}`]) {
    expect(parseAnchor(line)).toBeUndefined();
  }
});

let store: Store;
let anchor: AuditAnchor;
const clock = new ManualClock();
const lines: string[] = [];
const outcomes: boolean[] = [];
let isFull = false;

beforeEach(async () => {
  lines.length = 0;
  outcomes.length = 0;
  isFull = false;
  store = await openStore({ path: ':memory:', clock });
  anchor = new AuditAnchor({
    store,
    append: async (line) => {
      if (isFull) throw new Error('disk full');
      lines.push(line);
    },
    privateKeyPem: privateKey,
    everyMs: 60_000,
    clock,
    log: pino({ level: 'silent' }),
    onAnchored: (isWritten) => outcomes.push(isWritten),
  });
});

afterEach(() => store.close());

const note = (): Promise<void> =>
  store.appendAudit({ atMs: 1, actor: 'a', action: 'b', subject: 'c', detail: {} });

const until = (count: number): Promise<unknown> => vi.waitUntil(() => {
  clock.advance(60_000);
  return lines.length + outcomes.filter((isWritten) => !isWritten).length >= count;
}, { interval: 2 });

test('the head is written when it has grown, and once more at the stop', async () => {
  await note();
  anchor.start();
  await until(1);
  clock.advance(600_000);
  await note();
  await until(2);
  await note();
  await anchor.stop();
  const rows = await store.listAudit({ limit: 9 });
  expect(lines.map((line) => parseAnchor(line)?.number)).toEqual([1, 2, 3]);
  expect(parseAnchor(lines[2] ?? '')?.hash).toBe(rows[0]?.hash);
});

test('a file that cannot be written is told each time and tried again', async () => {
  isFull = true;
  await note();
  anchor.start();
  await until(2);
  isFull = false;
  await vi.waitUntil(() => {
    clock.advance(60_000);
    return lines.length === 1;
  }, { interval: 2 });
  await anchor.stop();
  expect(outcomes.filter((isWritten) => !isWritten).length).toBeGreaterThanOrEqual(2);
});
