import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Store } from '../store/faces.ts';
import { openStore } from '../store/open-store.ts';
import { ManualClock } from '../testing/clock.ts';
import { makeToken } from './secret-text.ts';
import { CACHE_MS, TokenBook } from './token-book.ts';
import { readOrMakeToken } from './token-file.ts';

const START_MS = 1_700_000_000_000;
const grants = [{ role: 'viewer', namespaces: 'all' }] as const;

let clock: ManualClock;
let store: Store;
let reads = 0;

beforeEach(async () => {
  clock = new ManualClock(START_MS);
  store = await openStore({ path: ':memory:', clock });
  reads = 0;
});

afterEach(() => store.close());

const book = (): TokenBook => new TokenBook({
  store: {
    ...store,
    readToken: (id) => {
      reads += 1;
      return store.readToken(id);
    },
  },
  clock,
  onTrouble: (error) => {
    throw error;
  },
});

async function created(tokens: TokenBook, name = 'ci', expiresAtMs = 0) {
  const made = await tokens.create({ name, grants, expiresAtMs }, 'token:bootstrap');
  if (!made.ok) throw new Error(made.reason);
  return made;
}

describe('a token', () => {
  test('is looked up once a second, and a revocation elsewhere holds within that', async () => {
    const [here, elsewhere] = [book(), book()];
    const { text, token } = await created(here);
    for (let n = 0; n < 100; n += 1) expect((await here.check(text)).ok).toBe(true);
    expect(reads).toBe(1);
    expect(await elsewhere.revoke(token.id, 'token:bootstrap')).toBe(true);
    expect((await elsewhere.check(text)).ok).toBe(false);
    clock.advance(CACHE_MS);
    expect(await here.check(text)).toEqual({ ok: false, reason: 'token-revoked' });
    expect(await elsewhere.revoke(token.id, 'token:bootstrap')).toBe(false);
  });

  test('ends by itself; its use is noted once a minute', async () => {
    const tokens = book();
    const { text, token } = await created(tokens, 'ci', START_MS + 120_000);
    const touched = vi.spyOn(store, 'touchToken');
    const used = async (): Promise<number> => (await store.readToken(token.id))?.lastUsedAtMs ?? -1;
    for (let n = 0; n < 30; n += 1) {
      await tokens.check(text);
      clock.advance(2_000);
    }
    await vi.waitFor(async () => expect(await used()).toBe(START_MS));
    expect(touched.mock.calls.length).toBeLessThanOrEqual(1);
    clock.advance(60_000);
    expect(await tokens.check(text)).toEqual({ ok: false, reason: 'token-expired' });
  });

  test('is nobody with the right id and another secret', async () => {
    const tokens = book();
    const { text, token } = await created(tokens);
    const other = makeToken().text.replace(/_[0-9a-f]{16}_/, `_${token.id}_`);
    expect(other).not.toBe(text);
    expect(await tokens.check(other)).toEqual({ ok: false, reason: 'wrong-token' });
    await tokens.check(text);
    expect(await tokens.check(other)).toEqual({ ok: false, reason: 'wrong-token' });
    expect((await store.readToken(token.id))?.hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('the first token', () => {
  test('is admin, also when it is a text of the operator’s own; the one before it is over',
    async () => {
      const tokens = book();
      const first = makeToken().text;
      const second = 'a mounted secret that is long enough'.replaceAll(' ', '-');
      await tokens.adopt(first, { supersedes: true });
      expect(await tokens.check(first)).toMatchObject({ ok: true, principal: {
        name: 'token:bootstrap', grants: [{ role: 'admin', namespaces: 'all' }] } });
      await tokens.adopt(first, { supersedes: true });
      await tokens.adopt(second, { supersedes: true });
      expect(await tokens.check(second)).toMatchObject({ ok: true });
      expect(await book().check(first)).toEqual({ ok: false, reason: 'token-revoked' });
      expect(await store.verifyAudit()).toMatchObject({ ok: true, rows: 3 });
    });

  test('that somebody revoked does not come back with the next start', async () => {
    const { text } = makeToken();
    const id = await book().adopt(text, { supersedes: true });
    await book().revoke(id, 'li.wei');
    clock.advance(200 * 86_400_000);
    await created(book());
    await book().adopt(text, { supersedes: true });
    expect(await book().check(text)).toEqual({ ok: false, reason: 'token-revoked' });
  });

  test('of two replicas with a file each are two, and both hold', async () => {
    const [one, two] = [makeToken().text, makeToken().text];
    await book().adopt(one, { supersedes: false });
    await book().adopt(two, { supersedes: false });
    expect((await book().check(one)).ok).toBe(true);
    expect((await book().check(two)).ok).toBe(true);
  });
});

describe('the file', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lanner-token-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  test('is made once, for its owner alone', () => {
    const file = join(folder, 'api-token');
    const { token, isNew } = readOrMakeToken(file);
    expect(isNew).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toBe(`${token}\n`);
    expect(readOrMakeToken(file)).toEqual({ token, isNew: false });
  });

  test.each(['', 'short', 'x'.repeat(31), `${'x'.repeat(40)} y`, 'x'.repeat(513)])(
    'with what is no secret is refused: %j',
    (text) => {
      const file = join(folder, 'api-token');
      writeFileSync(file, text);
      expect(() => readOrMakeToken(file)).toThrow(/32 to 512 characters/);
    },
  );
});
