import { gunzipSync, gzipSync } from 'node:zlib';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Store } from '../store/faces.ts';
import { openStore } from '../store/open-store.ts';
import { ManualClock } from '../testing/clock.ts';
import { setAlgebra } from '../testing/set-algebra.ts';
import { JSON_BYTES_MAX, ProfileBook } from './profile-book.ts';

let store: Store;
let book: ProfileBook<ReadonlySet<string>>;

beforeEach(async () => {
  store = await openStore({ path: ':memory:', clock: new ManualClock() });
  book = new ProfileBook({ store, algebra: setAlgebra, clock: new ManualClock() });
});

afterEach(() => store.close());

const zip = (json: unknown): Uint8Array => gzipSync(JSON.stringify(json));

async function stored(key: string): Promise<unknown> {
  const profile = await store.readProfile(key);
  return profile && JSON.parse(gunzipSync(profile.document).toString());
}

test('what several agents learned is one profile; the same again changes nothing', async () => {
  expect(await book.receive('k', zip(['a']))).toMatchObject({
    ok: true,
    changed: true,
    senderLacks: false,
  });
  expect(await book.receive('k', zip(['b']))).toMatchObject({
    changed: true,
    senderLacks: true,
    profile: { revision: 2 },
  });
  expect(await book.receive('k', zip(['b']))).toMatchObject({
    changed: false,
    senderLacks: true,
    profile: { revision: 2 },
  });
  expect(await book.receive('k', zip(['b', 'a']))).toMatchObject({
    changed: false,
    senderLacks: false,
  });
  expect(await stored('k')).toEqual(['a', 'b']);
});

test('evidence for one key that arrives at once loses none of it', async () => {
  const words = Array.from({ length: 30 }, (_, n) => `w${String(n).padStart(2, '0')}`);
  await Promise.all(words.map((word) => book.receive('k', zip([word]))));
  expect(await stored('k')).toEqual(words);
});

test('a gzip that unpacks to more than the bound is refused without unpacking it all', async () => {
  const bomb = gzipSync(Buffer.alloc(JSON_BYTES_MAX + 1));
  expect(bomb.length).toBeLessThan(20_000);
  expect(await book.receive('k', bomb)).toMatchObject({ ok: false, reason: 'too-large' });
});

test('what is no gzip, no JSON or no profile is refused, and the profile stays', async () => {
  await book.receive('k', zip(['a']));
  const reason = async (document: Uint8Array) => {
    const received = await book.receive('k', document);
    return received.ok ? 'ok' : received.reason;
  };
  expect(await reason(Buffer.from('{}'))).toBe('not-gzip');
  expect(await reason(zip(['b']).subarray(0, 12))).toBe('not-gzip');
  expect(await reason(gzipSync('{'))).toBe('not-json');
  expect(await reason(zip({ a: 1 }))).toBe('invalid');
  expect(await reason(new Uint8Array())).toBe('not-gzip');
  expect(await stored('k')).toEqual(['a']);
});

test('the number of profiles is bounded; those that exist still grow', async () => {
  const small = new ProfileBook({
    store,
    algebra: setAlgebra,
    clock: new ManualClock(),
    profilesMax: 1,
  });
  await small.receive('k', zip(['a']));
  expect(await small.receive('l', zip(['a']))).toMatchObject({ ok: false, reason: 'full' });
  expect(await small.receive('k', zip(['b']))).toMatchObject({ ok: true });
});
